[
  inputs: ["mix.exs", "config/*.exs", "apps/*/{mix.exs,lib/**/*.ex}"]
]
