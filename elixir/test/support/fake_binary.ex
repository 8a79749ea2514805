defmodule ExServiceMeshRouter.FakeBinary do
  # Programs that answer as the gateway's binary does, without being one.

  # `--version` as a binary of that version, otherwise its arguments and folder, and a status.
  def script(version) do
    """
    #!/bin/sh
    if [ "$1" = --version ]; then echo "mesh-router #{version}"; exit; fi
    echo "arguments: $*"
    echo "folder: $(pwd)"
    exit 3
    """
  end

  def write(path, version) do
    File.mkdir_p!(Path.dirname(path))
    File.write!(path, script(version))
    File.chmod!(path, 0o755)
    path
  end

  # An archive as they are published.
  def archive(binary, folder) do
    path = Path.join(folder, "archive.tar.gz")
    :ok = :erl_tar.create(path, [{~c"mesh-router", binary}], [:compressed])
    File.read!(path)
  end
end
