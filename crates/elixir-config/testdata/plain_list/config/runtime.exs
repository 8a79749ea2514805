import Config

config :plain, Plain.Endpoint, http: [port: 4041]
