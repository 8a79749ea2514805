//! What Elixir refuses wherever it stands.

use crate::fixture::Tree;

#[track_caller]
fn check(script: &str, expected: &[&str]) {
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    let told: Vec<&str> = config.findings().iter().map(|it| &*it.message).collect();
    assert_eq!(told, expected, "{script}");
}

#[test]
fn what_nothing_defines_is_told_wherever_it_stands() {
    let nowhere = ["nothing here defines nowhere"];
    check("import Config\nif false, do: nowhere()", &nowhere);
    check("import Config\nfn -> nowhere end", &nowhere);
    check("import Config\nfn -> nowhere end\n&+/2", &nowhere);
    let nested = ["a capture in another capture"];
    check(
        "import Config\nif false, do: &(&1 + (&(&1 + 1)).(2))",
        &nested,
    );
    check(
        "import Config\nif false, do: &Enum.map(&1, &to_string/1)",
        &nested,
    );
    // A map update binds nothing, wherever it stands.
    check(
        "import Config\nif false do\n  %{1 | zz: 1}\n  nowhere\nend",
        &nowhere,
    );
    check(
        "import Config\nif false do\n  <<somewhere::8>> = \"x\"\n  somewhere\nend",
        &[],
    );
    check(
        "import Config\nif false do\n  %URI{host: somewhere} = nil\n  somewhere\nend",
        &[],
    );
    let env = ["nothing here defines config_env"];
    check("[a: [k: true || config_env()]]", &env);
    let arity = ["nothing here defines config/1"];
    check("import Config\nif false, do: config(:a)", &arity);
    check("import Config\nif false, do: :a |> config()", &arity);
    check("import Config\nif false, do: :a |> config(b: 1)", &[]);
    let pipe = ["nothing can be piped into `in`"];
    check("import Config\ntrue || [1] |> hd in 1", &pipe);
    check(
        "import Config\n<<1>>\ntrue || [1] |> hd in 1",
        &["a bitstring is not evaluated", pipe[0]],
    );
    let capture = ["a capture without arguments"];
    check("import Config\ntrue || (&String.upcase/1 && 2)", &capture);
    check(
        "import Config\n[&hd/1, &String.upcase/1, &(&1), &[&1]]\n:ok",
        &[],
    );
    let piped = "[1] |> Enum.map(& &1) |> hd in 1";
    check(
        &format!("use Mix.Config\n{{_, v1}} = {{1, (true or ({piped}))}}"),
        &pipe,
    );
    check("import Config\nimport Dep\nif false, do: nowhere()", &[]);
    let all = "x = 1\nfor y <- [x], do: y\nf = fn {z, _} -> z end\nf.({x, __DIR__})";
    check(&format!("import Config\n{all}"), &[]);
}

#[test]
fn a_name_ends_with_the_function_clause_or_block_that_binds_it() {
    let unseen = |code: &str, expected: &[&str]| {
        check(
            &format!("import Config\nif false do\n{code}\nend"),
            expected,
        );
    };
    let gone = ["nothing here defines x"];
    unseen("apply(fn x -> x end, [x])", &gone);
    unseen("case 1 do\nx -> x\nend\nx", &gone);
    unseen("if true, do: x = 1\nx", &gone);
    unseen("for x <- [1], do: x\nx", &gone);
    unseen("with x <- 1 do\nx\nelse\n_ -> x\nend", &gone);
    unseen("try do\nx = 1\nrescue\n_ -> x\nend", &gone);
    unseen("cond do\nx -> 1\nend", &gone);
    unseen("cond do\nx = 1 -> x\nend\nx", &gone);

    unseen("if x = 1, do: x\nx", &[]);
    unseen("case x = 1 do\ny when x > y -> y\nend", &[]);
    unseen("for x <- [1], y = x, y > 1, into: %{}, do: {x, y}", &[]);
    unseen("with {:ok, x} <- 1, y <- x do\n[x, y]\nend", &[]);
    unseen(
        "try do\n1\nrescue\nx in [E] -> x\ncatch\nx, y -> {x, y}\nend",
        &[],
    );
    unseen("f = fn\nx, 1 -> x\ny, _ -> y\nend\nf.(1, 2)", &[]);
    unseen("x = 1\nfn -> if(x, do: fn y -> {x, y} end) end", &[]);
    unseen(
        "match?({:ok, x} when x > 1, 2)\ndestructure([y, z], [1, 2])\n[y, z]",
        &[],
    );
}

#[test]
fn a_bitstring_names_types_and_may_bind() {
    let unseen = |code: &str, expected: &[&str]| {
        check(
            &format!("import Config\nif false do\n{code}\nend"),
            expected,
        );
    };
    let nowhere = ["nothing here defines nowhere"];
    unseen("<<1, \"a\">>\nnowhere", &nowhere);
    unseen("[<<nowhere::8>>]", &nowhere);
    unseen("%URI{host: nowhere}", &nowhere);
    unseen("for <<c <- nowhere>>, do: c", &nowhere);
    unseen(
        "for <<c <- \"ab\">>, do: c\n[c]",
        &["nothing here defines c"],
    );
    unseen("for <<a::4, b <- \"ab\">>, do: {a, b}", &[]);
    unseen(
        "<<a::8, b::binary-size(2), _::bits>> = \"ab\"\n<<a::utf8, b::binary>>",
        &[],
    );
    unseen("%URI{host: <<a, _::binary>>} = nil\na", &[]);
    // What stands behind lines that are not clear may define anything.
    check(
        "import Config\nif false, do: nowhere()\n:a \\\n+ 1",
        &["a statement whose lines are not clear is not evaluated"],
    );
}

#[test]
fn what_is_quoted_is_not_compiled_and_hides_nothing_else() {
    let quote = "import Config\nif false do\nquote do: a + &hd/1\n";
    check(&format!("{quote}end"), &[]);
    check(
        &format!("{quote}[&hd/1 && 1, nowhere]\nend"),
        &["a capture without arguments"],
    );
    check(
        &format!("{quote}nowhere\nend"),
        &["nothing here defines nowhere"],
    );
    check(&format!("{quote}quote do: unquote(nowhere)\nend"), &[]);
}

#[test]
fn a_module_has_names_of_its_own_and_hides_nothing_else() {
    let nowhere = ["nothing here defines nowhere"];
    let module = "import Config\nif false do\ndefmodule Made do\n@one 1\nimport Dep\n\
                  def one(x), do: two(x) + @one + other()\ndefp two(x), do: x\nend\n";
    check(&format!("{module}Made.one(1)\nend"), &[]);
    check(
        &format!("{module}two(nowhere)\nend"),
        &["nothing here defines two"],
    );
    check(&format!("{module}nowhere\nend"), &nowhere);
    check(
        "import Config\nif false do\ndefmodule Made do\n[&hd/1 && 1]\nend\nend",
        &["a capture without arguments"],
    );
    // What is required may have macros, which make of their arguments what they like.
    check(
        "import Config\nif false do\nrequire Dep\nDep.from(u in 1)\nend",
        &[],
    );
    check(
        "import Config\nrequire Logger\nif false, do: nowhere",
        &nowhere,
    );
}
