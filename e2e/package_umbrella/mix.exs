# An umbrella with the Hex package, and without Hex: Phoenix is a stand-in of its shape, with the
# Cowboy of Debian's rabbitmq-server behind. `src/vm.rs` builds and runs it where it lies.
defmodule PackageUmbrella.MixProject do
  use Mix.Project

  def project do
    [apps_path: "apps", version: "0.1.0", deps: []]
  end
end
