defmodule ExServiceMeshRouter.Binary do
  @moduledoc """
  Finds the gateway's binary, `mesh-router`.

  These places are looked into, in this order:

    1. `config :ex_service_mesh_router, path: "/usr/local/bin/mesh-router"`
    2. the environment variable `MESH_ROUTER_PATH`
    3. `priv/bin` of this package, where `ExServiceMeshRouter.Release.bundle/1` puts it in a release
    4. `_build/mesh-router-TARGET`, where `mix mesh_router.install` puts it
    5. `PATH`, for a binary of the very version that this package wants

  What is named by 1 or 2 and missing is an error, and no other place is looked into. A binary of 1 to 4
  that has another version than the wanted one is used, and told of in the log; `version_check: false`
  is silent about it, and takes any version from `PATH` as well.

  Finding never downloads. `mix mesh_router.install` does, see `Mix.Tasks.MeshRouter.Install`.
  """

  alias ExServiceMeshRouter.Optional

  require Logger

  @app :ex_service_mesh_router
  @name "mesh-router"
  @version Mix.Project.config()[:version]

  @targets ~w(x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin)

  @doc """
  Returns the path of the binary, or why there is none and what to do.
  """
  @spec find() :: {:ok, Path.t()} | {:error, String.t()}
  def find do
    with :error <- named(), :error <- installed(), :error <- on_path() do
      {:error,
       "#{@name} is not found#{elsewhere()}: run `mix mesh_router.install`, or say where it is with " <>
         "`config #{inspect(@app)}, path: \"/path/to/#{@name}\"` or MESH_ROUTER_PATH"}
    end
  end

  @doc """
  Returns the version of a binary as it says itself, or why it doesn't.
  """
  @spec version(Path.t()) :: {:ok, String.t()} | {:error, String.t()}
  def version(path) do
    case System.cmd(path, ["--version"], stderr_to_stdout: true) do
      {@name <> " " <> version, 0} -> {:ok, String.trim(version)}
      {said, status} -> {:error, "`#{path} --version` ended with #{status}: #{String.trim(said)}"}
    end
  rescue
    error in ErlangError ->
      {:error, "starting #{path}: #{:file.format_error(error.original)}"}
  end

  @doc """
  Returns the version that is wanted: `version:` of the configuration, else this package's own.
  """
  @spec wanted() :: String.t()
  def wanted, do: Application.get_env(@app, :version) || @version

  @doc """
  Returns the platform that a binary is installed for: `target:` of the configuration, else this
  machine's.
  """
  @spec target() :: {:ok, String.t()} | {:error, String.t()}
  def target do
    case Application.get_env(@app, :target) do
      nil -> machine()
      target when target in @targets -> {:ok, target}
      other -> {:error, "target #{inspect(other)} is none of #{Enum.join(@targets, ", ")}"}
    end
  end

  @doc false
  def machine, do: machine(:os.type(), List.to_string(:erlang.system_info(:system_architecture)))

  @doc false
  # A static binary for Linux, which any of them runs, whichever its libc.
  def machine({:unix, system}, architecture) do
    processor =
      case architecture |> String.split("-") |> hd() do
        x86 when x86 in ["x86_64", "amd64"] -> "x86_64"
        arm when arm in ["aarch64", "arm64"] -> "aarch64"
        # Apple's are 64 bits wide, and were called so by OTP for a while.
        "arm" when system == :darwin -> "aarch64"
        other -> other
      end

    rest = %{linux: "unknown-linux-musl", darwin: "apple-darwin"}[system]
    target = "#{processor}-#{rest}"
    if target in @targets, do: {:ok, target}, else: machine(system, architecture)
  end

  def machine(system, architecture) do
    {:error,
     "no binary is made for #{inspect(system)} on #{architecture}: build it from source and say where " <>
       "it is with `config #{inspect(@app)}, path: …`"}
  end

  @doc false
  # Where `mix mesh_router.install` puts the binary: beside what Mix builds, once for all environments.
  @spec install_path(String.t()) :: Path.t()
  def install_path(target) do
    Path.join(Path.dirname(Optional.call(Mix.Project, :build_path, [])), "#{@name}-#{target}")
  end

  defp named do
    case {Application.get_env(@app, :path), System.get_env("MESH_ROUTER_PATH", "")} do
      {nil, ""} -> :error
      {nil, path} -> named(path, "MESH_ROUTER_PATH names")
      {path, _} -> named(path, "`path:` of the configuration names")
    end
  end

  defp named(path, by) when is_binary(path) do
    if File.regular?(path),
      do: checked(Path.expand(path)),
      else: {:error, "#{by} #{path}, and there is no such file"}
  end

  defp named(path, by), do: {:error, "#{by} #{inspect(path)}, which is no path"}

  defp installed do
    Enum.find_value([bundled(), built()], :error, &if(&1 && File.regular?(&1), do: checked(&1)))
  end

  defp bundled do
    case :code.priv_dir(@app) do
      {:error, :bad_name} -> nil
      priv -> Path.join([priv, "bin", @name])
    end
  end

  defp built do
    with true <- Code.ensure_loaded?(Mix.Project), {:ok, target} <- target() do
      install_path(target)
    else
      _ -> nil
    end
  end

  defp checked(path) do
    if check?() do
      case version(path) do
        {:ok, version} -> if version != wanted(), do: warn(path, "is version #{version}")
        {:error, why} -> warn(path, "doesn't tell its version (#{why})")
      end
    end

    {:ok, path}
  end

  defp warn(path, what) do
    Logger.warning(
      "#{path} #{what}, and #{wanted()} is wanted: run `mix mesh_router.install`, or set " <>
        "`config #{inspect(@app)}, version_check: false`"
    )
  end

  # What lies on PATH by chance is used only if it is the very one.
  defp on_path do
    with path when path != nil <- System.find_executable(@name),
         true <- not check?() or version(path) == {:ok, wanted()} do
      {:ok, path}
    else
      _ -> :error
    end
  end

  defp elsewhere do
    case System.find_executable(@name) do
      nil ->
        ""

      path ->
        case version(path) do
          {:ok, version} -> " (#{path} is version #{version}, and #{wanted()} is wanted)"
          {:error, why} -> " (#{why})"
        end
    end
  end

  defp check?, do: Application.get_env(@app, :version_check, true)
end
