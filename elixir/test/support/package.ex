defmodule ExServiceMeshRouter.Package do
  @moduledoc false
  # Runs the package's application with options, and endpoints beside it, for one test.

  import ExUnit.Callbacks, only: [on_exit: 1]

  @app :ex_service_mesh_router

  @doc """
  Starts the package with these options, and stops it after the test.
  """
  def start(options) do
    stop()
    before = Application.get_all_env(@app)
    for {key, _value} <- before, do: Application.delete_env(@app, key)
    Application.put_all_env([{@app, options}])

    on_exit(fn ->
      stop()
      for {key, _value} <- options, do: Application.delete_env(@app, key)
      Application.put_all_env([{@app, before}])
    end)

    :ok = Application.start(@app)
  end

  def stop do
    _ = Application.stop(@app)
    :ok
  end

  @doc """
  Makes an endpoint's module, configured so, that is of this package's application.
  """
  def endpoint(name, config) do
    module = Module.concat([name, "Endpoint"])

    unless Code.ensure_loaded?(module) do
      Code.compile_string(
        "defmodule #{inspect(module)} do use Phoenix.Endpoint, otp_app: :#{app()} end"
      )
    end

    Application.put_env(app(), module, config)

    on_exit(fn ->
      stop_endpoint(module)
      Application.delete_env(app(), module)
    end)

    module
  end

  # Endpoints of an application that is loaded and not started would be waited for.
  def app, do: :elixir

  def start_endpoint(module) do
    {:ok, pid} = module.start_link()
    # Not of the test's own fate.
    Process.unlink(pid)
    pid
  end

  def stop_endpoint(module) do
    if pid = Process.whereis(module), do: Supervisor.stop(pid)
    :ok
  end
end
