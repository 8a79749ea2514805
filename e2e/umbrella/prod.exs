
config :part_NNN_web, PartNNNWeb.Endpoint,
  url: [host: "part-NNN.example.org", port: 443, scheme: "https"],
  cache_static_manifest: "priv/static/cache_manifest.json"
