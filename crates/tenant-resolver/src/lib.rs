//! skeleton
/// Resolves as `Router.Shared.TenantResolver.resolve/1,2` does.
pub fn resolve(_host: &str, _base: Option<&str>) -> Option<String> { todo!() }
