defmodule ExServiceMeshRouter.TenantError do
  @moduledoc """
  A LiveView's socket is refused for its tenant.

  `plug_status` is 403 for a socket that was opened at another host than its page, and 404 for a page
  that needs a tenant and has none. LiveView's client then loads the page anew and shows that status.
  """
  defexception [:message, :plug_status]
end
