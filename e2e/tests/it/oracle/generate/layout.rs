//! Which files a program has, and which imports which.

use super::{Generator, Piece};

const IMPORT: &str = "import Config";

impl Generator {
    /// The files of a project in one of the shapes that real ones have.
    pub(super) fn files(&mut self) -> Vec<(String, Piece)> {
        match self.rng.u8(..10) {
            0 | 1 => vec![self.file("config/config.exs", IMPORT, &[], 12)],
            2 => vec![self.plain_list()],
            3..=6 => self.central(),
            _ => self.per_app(),
        }
    }

    /// A file with imports among its statements.
    fn file(&mut self, path: &str, first: &str, imports: &[&str], most: usize) -> (String, Piece) {
        self.scope.clear();
        self.expressions = 0;
        self.is_mix_config = first != IMPORT;
        let count = self.rng.usize(1..=most);
        let mut items: Vec<Piece> = (0..count).map(|_| self.statement()).collect();
        let mut at = items.len();
        for import in imports.iter().rev() {
            // Mostly last, as generators of projects write it.
            if self.chance(30) {
                at = self.rng.usize(..=at);
            }
            items.insert(at, Piece::Text((*import).to_owned()));
        }
        let statements = Piece::Some {
            items,
            separator: "\n",
        };
        let first = Piece::Text(format!("{first}\n"));
        let end = Piece::Text("\n".to_owned());
        (path.to_owned(), Piece::Row(vec![first, statements, end]))
    }

    /// A file without `import Config`, whose value counts.
    fn plain_list(&mut self) -> (String, Piece) {
        let pieces = vec![
            Piece::Text("[".to_owned()),
            self.hole("MORE plain_app"),
            Piece::Text("]\n".to_owned()),
        ];
        ("config/config.exs".to_owned(), Piece::Row(pieces))
    }

    fn central(&mut self) -> Vec<(String, Piece)> {
        let import = self.one_of(&[
            "import_config \"#{config_env()}.exs\"",
            "import_config \"#{Mix.env()}.exs\"",
            "import_config(\"#{config_env()}.exs\")",
            "import_config \"./#{config_env()}.exs\"",
            "import_config Path.join(__DIR__, \"#{config_env()}.exs\")",
            "for f <- [\"more.exs\", \"#{config_env()}.exs\"], do: import_config(f)",
            "import_config to_string(config_env()) <> \".exs\"",
        ]);
        let secret = self.one_of(&[
            "if File.exists?(Path.expand(\"secret.exs\", __DIR__)), do: import_config(\"secret.exs\")",
            "if config_env() == :prod, do: import_config(\"secret.exs\")",
            "if File.exists?(\"config/none.exs\"), do: import_config(\"none.exs\")",
            "Enum.each([\"secret.exs\"], fn f -> import_config(f) end)",
            "import_config \"secret.exs\"",
        ]);
        let mut files = vec![self.file("config/config.exs", IMPORT, &[import], 8)];
        for env in ["dev", "test", "prod"] {
            let imports: &[&str] = if self.chance(25) { &[secret] } else { &[] };
            files.push(self.file(&format!("config/{env}.exs"), IMPORT, imports, 5));
        }
        if !self.may_abort || self.chance(60) {
            files.push(self.file("config/secret.exs", IMPORT, &[], 2));
        }
        files.push(self.file("config/more.exs", IMPORT, &[], 2));
        if self.chance(70) {
            files.push(self.file("config/runtime.exs", IMPORT, &[], 8));
        }
        files
    }

    /// An umbrella of the older kind: each app has its own files.
    fn per_app(&mut self) -> Vec<(String, Piece)> {
        let wildcard = self.one_of(&[
            "import_config \"../apps/*/config/config.exs\"",
            "for path <- Path.wildcard(\"apps/*/config/config.exs\"), do: import_config(\"../#{path}\")",
            "for config <- \"../apps/*/config/config.exs\" |> Path.expand(__DIR__) |> Path.wildcard() do\n  import_config config\nend",
            "import_config \"../apps/{a,b}_web/config/config.exs\"",
            "Path.wildcard(\"apps/?_web/config/config.exs\") |> Enum.map(&Path.expand/1) |> Enum.each(&import_config/1)",
        ]);
        let import = "import_config \"#{Mix.env}.exs\"";
        let mut files = vec![self.file("config/config.exs", "use Mix.Config", &[wildcard], 5)];
        for app in ["a_web", "b_web"] {
            let folder = format!("apps/{app}/config");
            files.push(self.file(
                &format!("{folder}/config.exs"),
                "use Mix.Config",
                &[import],
                4,
            ));
            for env in ["dev", "test", "prod"] {
                let first = self.one_of(&["use Mix.Config", IMPORT]);
                files.push(self.file(&format!("{folder}/{env}.exs"), first, &[], 4));
            }
        }
        if self.chance(30) {
            files.push(self.file("config/runtime.exs", IMPORT, &[], 6));
        }
        files
    }
}
