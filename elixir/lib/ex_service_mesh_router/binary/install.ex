defmodule ExServiceMeshRouter.Binary.Install do
  @moduledoc false
  # Puts the gateway's binary in its place in `_build`: downloaded and checked, or built from source.
  # Whatever fails, what lay there before still does.

  alias ExServiceMeshRouter.{Binary, Optional}

  @app :ex_service_mesh_router

  # Where releases are published; `base_url:` of the configuration names a mirror.
  @base_url nil

  @checksums_file Path.expand("../../../checksums.txt", __DIR__)
  @external_resource @checksums_file
  @checksums @checksums_file
             |> File.read!()
             |> String.split("\n", trim: true)
             |> Enum.reject(&String.starts_with?(&1, "#"))
             |> Map.new(fn line -> line |> String.split() |> Enum.reverse() |> List.to_tuple() end)

  @archive_bytes_max 128 * 1024 * 1024
  @connect_ms 30_000
  # Without a byte.
  @silence_ms 60_000

  @doc """
  Installs the binary, and returns where it is and whether it was there already.

  Options: `:if_missing` leaves a binary of the wanted version alone, and `:source` is the folder of
  the gateway's source, to build it from there.
  """
  @spec run(keyword()) :: {:ok, :installed | :present, Path.t()} | {:error, String.t()}
  def run(options) do
    with {:ok, target} <- Binary.target() do
      path = Binary.install_path(target)
      source = options[:source] || checkout()

      cond do
        options[:if_missing] && Binary.version(path) == {:ok, Binary.wanted()} ->
          {:ok, :present, path}

        source && foreign?(target) ->
          {:error,
           "#{target} is another platform than this machine's: build the binary there from #{source}, and " <>
             "name it with `config #{inspect(@app)}, path: …`"}

        source ->
          build(source, path)

        true ->
          base_url = Application.get_env(@app, :base_url) || @base_url
          download(Binary.wanted(), target, base_url, @checksums, path)
      end
    end
  end

  @doc """
  Downloads the archive of a version and puts its binary at `path`.
  """
  @spec download(String.t(), String.t(), String.t() | nil, %{String.t() => String.t()}, Path.t()) ::
          {:ok, :installed, Path.t()} | {:error, String.t()}
  def download(version, target, base_url, checksums, path) do
    name = "mesh-router-#{version}-#{target}.tar.gz"

    with {:ok, checksum} <- checksum(checksums, name),
         {:ok, url} <- url(base_url, version, name),
         {:ok, archive} <- fetch(url),
         :ok <- check(archive, checksum, url),
         {:ok, binary} <- unpack(archive, url) do
      put(path, &File.write(&1, binary), starts?: not foreign?(target))
    end
  end

  # Its binaries can't be started here.
  defp foreign?(target), do: Binary.machine() != {:ok, target}

  @doc """
  Builds the binary of a folder with the gateway's source and puts it at `path`.
  """
  @spec build(Path.t(), Path.t()) :: {:ok, :installed, Path.t()} | {:error, String.t()}
  def build(source, path) do
    crate = Path.join(source, "crates/mesh-router")

    cond do
      not File.regular?(Path.join(crate, "Cargo.toml")) ->
        {:error, "#{source} is not the gateway's source: there is no crates/mesh-router in it"}

      System.find_executable("cargo") == nil ->
        {:error,
         "building #{crate} needs cargo, which is not on PATH: https://rustup.rs installs it"}

      true ->
        put(path, &cargo(crate, &1), starts?: true)
    end
  end

  defp checksum(checksums, name) do
    case checksums do
      %{^name => checksum} ->
        {:ok, checksum}

      _ ->
        {:error,
         "this package knows no checksum of #{name}, so it can't be downloaded" <>
           "#{if checksums == %{}, do: ": no release has been published yet"}. Build it from source with " <>
           "`mix mesh_router.install --source FOLDER` (it needs cargo), or say where it is with " <>
           "`config #{inspect(@app)}, path: \"…\"` or MESH_ROUTER_PATH"}
    end
  end

  defp url(nil, _version, name) do
    {:error,
     "nothing says where to download #{name} from: `config #{inspect(@app)}, base_url: …`"}
  end

  defp url(base_url, version, name),
    do: {:ok, "#{String.trim_trailing(base_url, "/")}/v#{version}/#{name}"}

  defp check(archive, expected, url) do
    case Base.encode16(:crypto.hash(:sha256, archive), case: :lower) do
      ^expected ->
        :ok

      other ->
        {:error,
         "#{url} is not what was published: its SHA-256 is #{other} instead of #{expected} " <>
           "(#{byte_size(archive)} bytes). Nothing was installed"}
    end
  end

  # Its content is known by its checksum, so it needs no bound of its own.
  defp unpack(archive, url) do
    case :erl_tar.extract({:binary, archive}, [:compressed, :memory]) do
      {:ok, files} ->
        case Enum.find(files, fn {name, _} -> Path.basename(name) == "mesh-router" end) do
          {_, binary} -> {:ok, binary}
          nil -> {:error, "#{url} holds no mesh-router"}
        end

      {:error, why} ->
        {:error, "unpacking #{url}: #{:erl_tar.format_error(why)}"}
    end
  end

  # Gives the binary its name when it is whole and starts, where it can, and not before.
  defp put(path, write, starts?: starts?) do
    partial = "#{path}.#{System.pid()}-#{System.unique_integer([:positive])}.partial"

    try do
      with :ok <- make_folder(Path.dirname(path)),
           :ok <- named(write.(partial), "writing #{partial}"),
           :ok <- named(File.chmod(partial, 0o755), "making #{partial} executable"),
           {:ok, _version} <- if(starts?, do: Binary.version(partial), else: {:ok, nil}),
           :ok <- named(File.rename(partial, path), "naming #{path}") do
        {:ok, :installed, path}
      end
    after
      File.rm_rf(partial)
    end
  end

  defp make_folder(folder), do: named(File.mkdir_p(folder), "making #{folder}")

  defp named({:error, why}, what) when is_atom(why),
    do: {:error, "#{what}: #{:file.format_error(why)}"}

  defp named(other, _what), do: other

  # Into a folder of its own, since cargo's target folder may be anywhere.
  defp cargo(crate, partial) do
    root = partial <> ".partial"
    arguments = ~w(install --locked --no-track --path #{crate} --root #{root})

    try do
      case System.cmd("cargo", arguments, into: IO.stream(), stderr_to_stdout: true) do
        {_, 0} -> File.rename(Path.join(root, "bin/mesh-router"), partial)
        {_, status} -> {:error, "cargo #{Enum.join(arguments, " ")} ended with #{status}"}
      end
    after
      File.rm_rf(root)
    end
  end

  # The folder of the gateway's source, where this package is used from there.
  defp checkout do
    folder = Path.expand("..", package())
    if File.regular?(Path.join(folder, "crates/mesh-router/Cargo.toml")), do: folder
  end

  defp package do
    if Optional.call(Mix.Project, :config, [])[:app] == @app,
      do: File.cwd!(),
      else: Map.get(Optional.call(Mix.Project, :deps_paths, []), @app, File.cwd!())
  end

  # HTTP

  @doc false
  def fetch(url) do
    Enum.each([:inets, :ssl], &start/1)
    # A profile of our own, since its options would be everyone's.
    profile = :"#{__MODULE__}"
    client = start_client(profile)
    uri = URI.parse(url)
    proxy = proxy(uri.scheme)

    try do
      with :ok <-
             :httpc.set_options([ipfamily: :inet6fb4] ++ set_proxy(uri.scheme, proxy), profile),
           {:ok, options} <- http_options(uri.scheme, proxy) do
        request = {String.to_charlist(url), [{~c"user-agent", ~c"ex_service_mesh_router"}]}
        receiving = [sync: false, stream: {:self, :once}, body_format: :binary]
        {:ok, id} = :httpc.request(:get, request, options, receiving, profile)
        collect(id, url, nil, [], 0)
      end
    after
      :inets.stop(:httpc, client)
    end
  end

  # Mix takes applications that nobody named out of the code path.
  defp start(application) do
    if function_exported?(Mix, :ensure_application!, 1),
      do: Optional.call(Mix, :ensure_application!, [application])

    {:ok, _} = Application.ensure_all_started(application)
  end

  defp start_client(profile) do
    case :inets.start(:httpc, profile: profile) do
      {:ok, client} -> client
      {:error, {:already_started, client}} -> client
    end
  end

  defp collect(id, url, handler, chunks, bytes) do
    receive do
      {:http, {^id, :stream_start, _headers, handler}} ->
        :httpc.stream_next(handler)
        collect(id, url, handler, chunks, bytes)

      {:http, {^id, :stream, chunk}} when bytes + byte_size(chunk) <= @archive_bytes_max ->
        :httpc.stream_next(handler)
        collect(id, url, handler, [chunks, chunk], bytes + byte_size(chunk))

      {:http, {^id, :stream, _chunk}} ->
        :httpc.cancel_request(id)
        {:error, "#{url} is longer than #{@archive_bytes_max} bytes"}

      {:http, {^id, :stream_end, _headers}} ->
        {:ok, IO.iodata_to_binary(chunks)}

      {:http, {^id, {{_version, status, reason}, _headers, _body}}} ->
        {:error, "#{url} answered #{status} #{reason}"}

      {:http, {^id, {:error, why}}} ->
        {:error, "downloading #{url}: #{inspect(why)}"}
    after
      @silence_ms ->
        :httpc.cancel_request(id)
        {:error, "downloading #{url}: nothing came for #{div(@silence_ms, 1000)} s"}
    end
  end

  defp http_options(scheme, proxy) do
    with {:ok, tls} <- tls(scheme) do
      {:ok, [connect_timeout: @connect_ms, ssl: tls] ++ proxy_auth(proxy)}
    end
  end

  defp tls("https") do
    {:ok,
     [
       verify: :verify_peer,
       cacerts: :public_key.cacerts_get(),
       depth: 3,
       customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
     ]}
  rescue
    _ -> {:error, "this system has no certificates to check a server by: install ca-certificates"}
  end

  defp tls(_http), do: {:ok, []}

  defp proxy(scheme) do
    name = "#{scheme}_proxy"

    case System.get_env(name) || System.get_env(String.upcase(name)) do
      proxy when proxy in [nil, ""] -> nil
      proxy -> URI.parse(if proxy =~ "://", do: proxy, else: "http://" <> proxy)
    end
  end

  defp set_proxy(_scheme, nil), do: []

  defp set_proxy(scheme, %URI{host: host, port: port}) do
    option = if scheme == "https", do: :https_proxy, else: :proxy
    without = System.get_env("no_proxy") || System.get_env("NO_PROXY") || ""
    without = without |> String.split([",", " "], trim: true) |> Enum.map(&String.to_charlist/1)
    [{option, {{String.to_charlist(host), port || 80}, without}}]
  end

  defp proxy_auth(%URI{userinfo: userinfo}) when is_binary(userinfo) do
    [user | password] = String.split(userinfo, ":", parts: 2)
    [user, password] = Enum.map([user, Enum.join(password)], &URI.decode/1)
    [proxy_auth: {String.to_charlist(user), String.to_charlist(password)}]
  end

  defp proxy_auth(_proxy), do: []
end
