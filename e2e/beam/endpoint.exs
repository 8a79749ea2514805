# A web server on a real BEAM that looks like a Phoenix endpoint from outside and from inside: pages,
# server-sent events, an upload, and the socket that phoenix.js speaks to, over WebSocket and over
# long-poll. Phoenix itself is not here; what its clients need of it is.
#
# Its argument is the port, 0 for any. Prints "listening PORT" once it accepts, and stops when its standard input ends.

defmodule Json do
  @library Enum.find([:jsx, :thoas], &Code.ensure_loaded?/1) || raise("no JSON library")

  def encode(term), do: @library.encode(term)

  def decode(text) do
    case @library do
      :jsx ->
        :jsx.decode(text, [:return_maps])

      :thoas ->
        {:ok, term} = :thoas.decode(text)
        term
    end
  end
end

# What a `use Phoenix.Endpoint` module answers, as far as discovery asks.
defmodule AuthWeb.Endpoint do
  def config(:url), do: [host: "auth.local"]
  def config(:http), do: [ip: {127, 0, 0, 1}, port: 0]
  def config(:adapter), do: Phoenix.Endpoint.Cowboy2Adapter
  def config(:server), do: true
  def config(_), do: nil

  def server_info(:http), do: {:ok, :ranch.get_addr(AuthWeb.Endpoint.HTTP)}
  def server_info(:https), do: {:error, :no_server_found}

  def __sockets__ do
    [{"/socket", AuthWeb.UserSocket, websocket: true, longpoll: true}]
  end
end

# Phoenix's second serializer: [join_ref, ref, topic, event, payload]. Erlang's JSON libraries take
# :null for null.
defmodule AuthWeb.Channel do
  def handle([join_ref, ref, topic, event, payload]) do
    case event do
      "phx_join" -> [reply(join_ref, ref, topic, %{"joined" => topic})]
      "heartbeat" -> [reply(:null, ref, topic, %{})]
      "phx_leave" -> [reply(join_ref, ref, topic, %{})]
      "echo" -> [reply(join_ref, ref, topic, payload)]
      "broadcast" -> [[:null, :null, topic, "news", payload], reply(join_ref, ref, topic, %{})]
    end
  end

  defp reply(join_ref, ref, topic, response) do
    [join_ref, ref, topic, "phx_reply", %{"status" => "ok", "response" => response}]
  end
end

defmodule AuthWeb.Page do
  def init(request, state) do
    body =
      Json.encode(%{
        "host" => :cowboy_req.host(request),
        "path" => :cowboy_req.path(request),
        "query" => :cowboy_req.qs(request),
        "headers" => :cowboy_req.headers(request)
      })

    {:ok, :cowboy_req.reply(200, %{"content-type" => "application/json"}, body, request), state}
  end
end

# Three events, each after the one before has been sent.
defmodule AuthWeb.Events do
  def init(request, state) do
    headers = %{"content-type" => "text/event-stream", "cache-control" => "no-cache"}
    request = :cowboy_req.stream_reply(200, headers, request)

    for number <- 1..3 do
      :ok = :cowboy_req.stream_body("data: #{number}\n\n", :nofin, request)
    end

    :ok = :cowboy_req.stream_body("", :fin, request)
    {:ok, request, state}
  end
end

defmodule AuthWeb.Upload do
  def init(request, state) do
    {size, digest, request} = read(request, 0, :crypto.hash_init(:sha256))
    sum = Base.encode16(:crypto.hash_final(digest), case: :lower)
    body = Json.encode(%{"size" => size, "sha256" => sum})
    {:ok, :cowboy_req.reply(200, %{"content-type" => "application/json"}, body, request), state}
  end

  defp read(request, size, digest) do
    {more, part, request} = :cowboy_req.read_body(request)
    size = size + byte_size(part)
    digest = :crypto.hash_update(digest, part)
    if more == :more, do: read(request, size, digest), else: {size, digest, request}
  end
end

defmodule AuthWeb.Websocket do
  def init(request, state), do: {:cowboy_websocket, request, state, %{idle_timeout: 60_000}}

  def websocket_handle({:text, text}, state) do
    frames = for message <- AuthWeb.Channel.handle(Json.decode(text)), do: {:text, Json.encode(message)}
    {frames, state}
  end

  def websocket_handle(_frame, state), do: {[], state}
  def websocket_info(_message, state), do: {[], state}
end

# One long-poll session: what waits for the client, and the poll that waits for it.
defmodule AuthWeb.Session do
  use GenServer

  def start, do: GenServer.start(__MODULE__, nil)
  def poll(session), do: GenServer.call(session, :poll, 15_000)
  def publish(session, text), do: GenServer.call(session, {:publish, text})

  @impl true
  def init(_), do: {:ok, %{waiting: [], poll: nil, timer: nil}}

  @impl true
  def handle_call(:poll, from, %{waiting: []} = state) do
    timer = Process.send_after(self(), :nothing_came, 10_000)
    {:noreply, %{state | poll: from, timer: timer}}
  end

  def handle_call(:poll, _from, state) do
    {:reply, Enum.reverse(state.waiting), %{state | waiting: []}}
  end

  def handle_call({:publish, text}, _from, state) do
    answers = for message <- AuthWeb.Channel.handle(Json.decode(text)), do: Json.encode(message)
    {:reply, :ok, deliver(%{state | waiting: Enum.reverse(answers) ++ state.waiting})}
  end

  @impl true
  def handle_info(:nothing_came, %{poll: nil} = state), do: {:noreply, state}

  def handle_info(:nothing_came, state) do
    GenServer.reply(state.poll, [])
    {:noreply, %{state | poll: nil}}
  end

  defp deliver(%{poll: nil} = state), do: state

  defp deliver(state) do
    Process.cancel_timer(state.timer)
    GenServer.reply(state.poll, Enum.reverse(state.waiting))
    %{state | poll: nil, waiting: []}
  end
end

# The long-poll transport: the token is the session's process, which only this node can read.
defmodule AuthWeb.Longpoll do
  def init(request, state) do
    token = List.keyfind(:cowboy_req.parse_qs(request), "token", 0)
    session = token && session(elem(token, 1))
    {:ok, answer(:cowboy_req.method(request), session, request), state}
  end

  defp answer("GET", nil, request) do
    {:ok, session} = AuthWeb.Session.start()
    token = Base.url_encode64(:erlang.term_to_binary(session))
    reply(request, %{"status" => 410, "token" => token, "messages" => []})
  end

  defp answer("GET", session, request) do
    token = Base.url_encode64(:erlang.term_to_binary(session))

    case AuthWeb.Session.poll(session) do
      [] -> reply(request, %{"status" => 204, "token" => token, "messages" => []})
      messages -> reply(request, %{"status" => 200, "token" => token, "messages" => messages})
    end
  end

  defp answer("POST", nil, request), do: reply(request, %{"status" => 410})

  defp answer("POST", session, request) do
    {:ok, body, request} = :cowboy_req.read_body(request)
    for line <- String.split(body, "\n"), do: AuthWeb.Session.publish(session, line)
    reply(request, %{"status" => 200})
  end

  defp session(token) do
    with {:ok, binary} <- Base.url_decode64(token),
         session when is_pid(session) <- :erlang.binary_to_term(binary, [:safe]),
         true <- Process.alive?(session) do
      session
    else
      _ -> nil
    end
  end

  defp reply(request, body) do
    headers = %{"content-type" => "application/json"}
    :cowboy_req.reply(200, headers, Json.encode(body), request)
  end
end

{:ok, _} = Application.ensure_all_started(:cowboy)

routes =
  :cowboy_router.compile([
    {:_,
     [
       {"/socket/websocket", AuthWeb.Websocket, nil},
       {"/socket/longpoll", AuthWeb.Longpoll, nil},
       {"/events", AuthWeb.Events, nil},
       {"/upload", AuthWeb.Upload, nil},
       {:_, AuthWeb.Page, nil}
     ]}
  ])

[port] = System.argv()
transport = %{socket_opts: [ip: {127, 0, 0, 1}, port: String.to_integer(port)]}
protocol = %{env: %{dispatch: routes}}
{:ok, _} = :cowboy.start_clear(AuthWeb.Endpoint.HTTP, transport, protocol)

{:ok, {_ip, port}} = AuthWeb.Endpoint.server_info(:http)
[{"/socket", _, _}] = AuthWeb.Endpoint.__sockets__()
IO.puts("listening #{port}")

# Ends with whoever started us.
IO.read(:stdio, :eof)
System.halt(0)
