defmodule Acme.Required do
  def name, do: :required
end
