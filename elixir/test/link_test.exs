defmodule ExServiceMeshRouter.LinkTest do
  use ExUnit.Case, async: true

  import ExServiceMeshRouter.Wait

  alias ExServiceMeshRouter.Link

  @moduletag :tmp_dir

  test "a gateway at a socket that doesn't read is given up" do
    # The project's folder may be too deep for a socket's path.
    path = Path.join(System.tmp_dir!(), "link-#{System.unique_integer([:positive])}.sock")
    on_exit(fn -> File.rm(path) end)
    {:ok, _listener} = :gen_tcp.listen(0, [:binary, active: false, ifaddr: {:local, path}])
    {:ok, link} = Link.open({:unix, path})
    frame = :binary.copy("x", 1_000_000)
    eventually("an end", fn -> Link.send_frame(link, frame) == :closed end)
  end

  test "a child that doesn't hear of its input's end is killed", %{tmp_dir: folder} do
    deaf = Path.join(folder, "mesh-router")
    File.write!(deaf, "#!/bin/sh\nexec sleep 1000\n")
    File.chmod!(deaf, 0o755)
    {:ok, {:port, port} = link} = Link.open({:child, deaf})
    {:os_pid, pid} = Port.info(port, :os_pid)
    on_exit(fn -> System.cmd("kill", ["-KILL", "#{pid}"], stderr_to_stdout: true) end)
    assert runs?(pid)
    Link.kill(link)
    eventually("its end", fn -> not runs?(pid) end)
  end

  defp runs?(pid),
    do: match?({_said, 0}, System.cmd("kill", ["-0", "#{pid}"], stderr_to_stdout: true))
end
