# Without `import Config` the file's value is the configuration.
[
  plain: [
    {Plain.Endpoint, [url: [host: "plain.test"], http: [port: 4040]]},
    {:key, :value}
  ],
  logger: [level: :info]
]
