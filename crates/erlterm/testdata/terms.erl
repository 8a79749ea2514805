%% Writes terms.hex; README.md says how.
-module(terms).
-export([run/0]).
run() ->
  Show = fun(Name, Bin) -> io:format("~s: ~s~n", [Name, [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bin]]) end,
  T = fun(Name, Term) -> Show(Name, term_to_binary(Term)) end,
  T(atom, ok), Show(atom_utf8, term_to_binary('Größe', [{minor_version, 2}])), T(atom_cyrillic, 'адрес'),
  Show(atom_latin1, term_to_binary('Größe', [{minor_version, 1}])),
  T(atom_255, list_to_atom(lists:duplicate(255, $å))),
  T(small, 255), T(negative, -1), T(int_max, 9223372036854775807), T(int_min, -9223372036854775808),
  T(float, -1.5e300), Show(float_text, term_to_binary(0.1, [{minor_version, 0}])),
  T(nil, []), T(string, "hi"), T(list, [1,256,-7]), T(binary, <<"auth.local">>),
  T(tuple, {local, <<"/run/a">>}), T(tuple_300, list_to_tuple(lists:duplicate(300, x))),
  T(map, #{host => <<"auth.local">>}), T(keywords, [{port,4001},{ip,{0,0,0,0}}]),
  T(pid, self()), T(reference, make_ref()),
  T(big, 1 bsl 64), T(improper, [1|2]), T(bitstring, <<5:3>>), T(port, hd(erlang:ports())),
  X = 1, T('fun', fun() -> X end), T(export, fun lists:map/2),
  Show(compressed, term_to_binary(lists:duplicate(1000, x), [compressed])),
  halt().
