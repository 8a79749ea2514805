# A VM that speaks to the gateway as the Hex package does, in as few lines as can be.
#
#   elixir package.exs child BINARY PORT    starts the gateway and reports what listens at PORT
#   elixir package.exs socket PATH PORT     connects to one that runs by itself
#
# Each message that it hears is a line on standard output.

[door, path, port] = System.argv()
port = String.to_integer(port)

settings = [port: 0, admin: [listen: false], timeouts: [drain: :timer.minutes(5)]]

hello = %{
  package: "0.1.0",
  node: if(Node.alive?(), do: Atom.to_string(node())),
  os_pid: String.to_integer(System.pid()),
  env: "dev",
  root: File.cwd!()
}

{hello, send_frame} =
  case door do
    "child" ->
      options = [:binary, :exit_status, packet: 4, args: ["run", "--package"]]
      gateway = Port.open({:spawn_executable, path}, options)
      {:os_pid, pid} = Port.info(gateway, :os_pid)
      IO.puts("gateway #{pid}")
      {Map.put(hello, :settings, settings), &Port.command(gateway, &1)}

    "socket" ->
      options = [:binary, packet: 4, active: true]
      {:ok, socket} = :gen_tcp.connect({:local, path}, 0, options)
      {hello, &:gen_tcp.send(socket, &1)}
  end

say = fn message -> send_frame.(:erlang.term_to_binary(message)) end

endpoint = %{
  module: "BeamWeb.Endpoint",
  app: "beam_web",
  url: [scheme: "http", host: "beam.example.org", port: nil, path: "/"],
  http: [ip: {127, 0, 0, 1}, port: port],
  adapter: Bandit.PhoenixAdapter,
  bound: {:ok, {{127, 0, 0, 1}, port}}
}

say.({:hello, 1, hello})
say.({:report, 1, [endpoint]})

hear = fn hear ->
  receive do
    {_, {:data, frame}} -> IO.puts(inspect(:erlang.binary_to_term(frame), limit: :infinity))
    {:tcp, _, frame} -> IO.puts(inspect(:erlang.binary_to_term(frame), limit: :infinity))
    {_, {:exit_status, status}} -> IO.puts("exit #{status}")
    {:tcp_closed, _} -> IO.puts("closed")
  end

  hear.(hear)
end

hear.(hear)
