//! Distribution over TLS (`-proto_dist inet_tls`), by rustls.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        client::WantsClientCert,
        crypto::ring,
        pki_types::{self, CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

/// What to prove and whom to believe on links over TLS.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
}

/// The files that say so, all of them PEM.
#[derive(Clone, Copy, Debug)]
pub struct TlsFiles<'a> {
    /// Certificates of the authorities that nodes' certificates are checked against.
    pub ca: &'a Path,
    /// What to show to a node that asks for a certificate, as those with `verify_peer` do.
    pub identity: Option<Identity<'a>>,
}

/// A certificate and its key.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The certificate, and those between it and the authority.
    pub cert: &'a Path,
    /// Its private key.
    pub key: &'a Path,
}

/// Why files can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or is no PEM.
    #[error("reading {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pki_types::pem::Error,
    },
    /// A file of authorities without a usable one.
    #[error("{} holds no certificate of an authority", .0.display())]
    NoAuthority(PathBuf),
    /// Certificate and key don't fit.
    #[error("using the certificate in {}", path.display())]
    Identity {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong with it.
        source: tokio_rustls::rustls::Error,
    },
    /// The library has no protocol version that we allow.
    #[error("preparing TLS")]
    Versions(#[source] tokio_rustls::rustls::Error),
}

impl Tls {
    /// Reads the files. A node's certificate must come from one of the authorities and be made for the
    /// host in the node's name.
    ///
    /// # Errors
    ///
    /// A file can't be read, holds nothing of use, or certificate and key don't fit each other.
    pub fn read(files: &TlsFiles<'_>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(files.ca)? {
            roots
                .add(authority)
                .map_err(|_| TlsError::NoAuthority(files.ca.to_owned()))?;
        }
        if roots.is_empty() {
            return Err(TlsError::NoAuthority(files.ca.to_owned()));
        }
        // `ring`, not `aws-lc-rs`: it needs a C compiler alone, which we need anyway.
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .with_root_certificates(roots);
        let config = match &files.identity {
            Some(identity) => identified(config, identity)?,
            None => config.with_no_client_auth(),
        };
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { connector })
    }

    /// Shakes TLS' hands with the node at `host`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        self.connector.connect(name, stream).await
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

fn identified(
    config: tokio_rustls::rustls::ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Identity<'_>,
) -> Result<ClientConfig, TlsError> {
    let chain = certificates(identity.cert)?;
    let key = PrivateKeyDer::from_pem_file(identity.key).map_err(|source| TlsError::File {
        path: identity.key.to_owned(),
        source,
    })?;
    config
        .with_client_auth_cert(chain, key)
        .map_err(|source| TlsError::Identity {
            path: identity.cert.to_owned(),
            source,
        })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |source| TlsError::File {
        path: path.to_owned(),
        source,
    };
    CertificateDer::pem_file_iter(path)
        .map_err(file)?
        .collect::<Result<_, _>>()
        .map_err(file)
}
