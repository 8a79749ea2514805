defmodule ExServiceMeshRouter.Protocol do
  @moduledoc false
  # What is said to the gateway and by it: docs/package-protocol.md of the gateway's repository.
  # Frames are the transport's matter (`packet: 4`); here are the terms in them.

  @version 1

  @type address :: String.t()
  @type route :: %{host: String.t(), subdomains: String.t(), service: String.t()}
  @type counts :: %{
          requests: non_neg_integer(),
          errors: non_neg_integer(),
          websockets: non_neg_integer()
        }

  @type message ::
          {:welcome, map()}
          | {:refused, String.t()}
          | {:failed, non_neg_integer(), String.t()}
          | {:listening, [address()]}
          | {:applied, non_neg_integer(), non_neg_integer()}
          | {:routes, non_neg_integer(), [route()]}
          | {:counts, %{String.t() => counts()}}
          | {:log, Logger.level(), String.t(), String.t(), [{String.t(), String.t()}]}
          | {:lost, non_neg_integer()}
          | {:unknown, term()}

  @spec hello(map()) :: binary()
  def hello(hello) when is_map(hello), do: encode({:hello, @version, hello})

  @spec report(non_neg_integer(), [map()]) :: binary()
  def report(seq, endpoints) when is_list(endpoints), do: encode({:report, seq, endpoints})

  @spec bye() :: binary()
  def bye, do: encode(:bye)

  defp encode(term), do: :erlang.term_to_binary(term)

  @doc """
  Reads a frame. What a later gateway may say besides is `{:unknown, term}`.
  """
  @spec decode(binary()) :: {:ok, message()} | {:error, String.t()}
  def decode(frame) do
    # Not `:safe`, by which a key that only a newer gateway knows would hide the whole message: the
    # gateway is a program of this VM's own user, and the atoms it has are few.
    {:ok, frame |> :erlang.binary_to_term() |> read()}
  rescue
    ArgumentError -> {:error, "not an Erlang term, but #{inspect(frame, limit: 20)}"}
  end

  defp read({:welcome, @version, welcome}) when is_map(welcome), do: {:welcome, welcome}
  defp read({:refused, why}) when is_binary(why), do: {:refused, why}

  defp read({:failed, status, why}) when is_integer(status) and is_binary(why),
    do: {:failed, status, why}

  defp read({:listening, addresses}) when is_list(addresses), do: {:listening, addresses}

  defp read({:applied, seq, generation}) when is_integer(seq) and is_integer(generation),
    do: {:applied, seq, generation}

  defp read({:routes, generation, routes}) when is_integer(generation) and is_list(routes) do
    known = for %{host: _, subdomains: _, service: _} = route <- routes, do: route
    {:routes, generation, known}
  end

  defp read({:counts, counts}) when is_map(counts) do
    {:counts,
     for(
       {service, %{requests: _, errors: _, websockets: _} = it} <- counts,
       into: %{},
       do: {service, it}
     )}
  end

  defp read({:log, level, target, message, fields})
       when level in [:error, :warning, :info, :debug] and is_binary(message) and is_list(fields),
       do: {:log, level, target, message, for({_, _} = field <- fields, do: field)}

  defp read({:lost, count}) when is_integer(count), do: {:lost, count}
  defp read(other), do: {:unknown, other}
end
