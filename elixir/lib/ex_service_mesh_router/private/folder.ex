defmodule ExServiceMeshRouter.Private.Folder do
  @moduledoc false
  # The folder of this VM's private sockets, and what other VMs that were killed have left.

  # A Unix socket's path has 104 bytes on macOS, 108 on Linux, with a zero at the end.
  @path_bytes_max 103

  @prefix "mesh-router-vm-"
  @connect_ms 100

  @doc """
  Returns the path of a socket that isn't there yet, in a folder that is only this user's.
  """
  @spec socket(atom()) :: {:ok, Path.t()} | {:error, String.t()}
  def socket(app), do: socket(app, bases())

  @doc false
  @spec socket(atom(), [Path.t()]) :: {:ok, Path.t()} | {:error, String.t()}
  def socket(app, bases) do
    number = System.unique_integer([:positive])
    why = {:error, "there is no folder for temporary files: #{System.tmp_dir() || "/tmp"}"}

    # Where one can't be made, as in a runtime folder that is another user's, the next may do.
    Enum.reduce_while(bases, why, fn base, _why ->
      names = ["#{app}-#{number}.sock", "#{number}.sock"]

      case base |> path(names) |> make() do
        {:ok, path} -> {:halt, {:ok, path}}
        {:error, why} -> {:cont, {:error, why}}
      end
    end)
  end

  defp path(base, names) do
    paths = for name <- names, do: Path.join([base, folder(), name])
    Enum.find(paths, List.last(paths), &(byte_size(&1) <= @path_bytes_max))
  end

  # Where the user's own sockets belong, else where temporary files do.
  defp bases do
    Enum.uniq(
      Enum.filter([System.get_env("XDG_RUNTIME_DIR"), System.tmp_dir(), "/tmp"], &usable?/1)
    )
  end

  defp usable?(base), do: is_binary(base) and Path.type(base) == :absolute and File.dir?(base)

  # The name can't be guessed, so nobody else can have made it before.
  defp folder do
    key = {__MODULE__, :name}

    case :persistent_term.get(key, nil) do
      nil ->
        random = Base.encode32(:crypto.strong_rand_bytes(5), case: :lower, padding: false)
        :persistent_term.put(key, @prefix <> random)
        folder()

      name ->
        name
    end
  end

  defp make(path) when byte_size(path) > @path_bytes_max,
    do: {:error, "a private socket's path has at most #{@path_bytes_max} bytes: #{path}"}

  defp make(path) do
    folder = Path.dirname(path)

    with :ok <- mkdir(folder),
         :ok <- File.chmod(folder, 0o700),
         :ok <- rm(path) do
      {:ok, path}
    else
      {:error, why} -> {:error, "making #{folder}: #{:file.format_error(why)}"}
    end
  end

  defp mkdir(folder) do
    case File.mkdir(folder) do
      {:error, :eexist} ->
        if folder?(folder), do: :ok, else: {:error, :eexist}

      made_or_not ->
        made_or_not
    end
  end

  # Not a link that leads elsewhere.
  defp folder?(path), do: match?({:ok, %{type: :directory}}, File.lstat(path))

  defp rm(path) do
    case File.rm(path) do
      {:error, :enoent} -> :ok
      removed_or_not -> removed_or_not
    end
  end

  @doc """
  Removes a socket. The folder stays: the next socket may be about to be made in it.
  """
  @spec remove(Path.t()) :: :ok
  def remove(path) do
    _ = File.rm(path)
    :ok
  end

  @doc """
  Removes the folder, once all its sockets are.
  """
  @spec leave() :: :ok
  def leave do
    # Fails while a socket is in it.
    for base <- bases(), do: File.rmdir(Path.join(base, folder()))
    :ok
  end

  @doc """
  Removes the sockets that nobody listens at, which VMs that were killed have left.
  """
  @spec clean() :: :ok
  def clean, do: clean(bases())

  @doc false
  @spec clean([Path.t()]) :: :ok
  def clean(bases) do
    for base <- bases,
        folder <- Path.wildcard(Path.join(base, @prefix <> "*")),
        folder?(folder),
        # A folder of another user's can't be read.
        {:ok, names} <- [File.ls(folder)],
        name <- names,
        String.ends_with?(name, ".sock"),
        path = Path.join(folder, name),
        stale?(path) do
      remove(path)
      # Fails while others are in it.
      File.rmdir(folder)
    end

    :ok
  end

  defp stale?(path) do
    case :gen_tcp.connect({:local, path}, 0, [:binary, active: false], @connect_ms) do
      {:ok, socket} ->
        :gen_tcp.close(socket)
        false

      {:error, why} ->
        why == :econnrefused
    end
  end
end
