Plug.Cowboy.start!()
:telemetry.start()
ExUnit.start(capture_log: true)
