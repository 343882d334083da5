import type { Environment } from '../settings.ts'

/** What a program is told: its proxy's URL, the file of certificates to trust, and the hosts that it reaches without the proxy. */
export type Told = { proxy: string; bundle: string; noProxy: string }

/** Who reads the proxy from the environment reads one of these; both spellings are in use, and curl knows `http_proxy` in lower case alone. */
const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']

/** Where programs look for the certificates they trust: OpenSSL, Go and Python; curl; git; requests; Node; pip; the AWS CLI; cargo; Deno; npm; Yarn; Nix; httplib2; Bundler; gRPC; gcloud. */
const BUNDLES = [
  ...['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'PIP_CERT', 'AWS_CA_BUNDLE'],
  ...['CARGO_HTTP_CAINFO', 'DENO_CERT', 'npm_config_cafile', 'YARN_HTTPS_CA_FILE_PATH', 'NIX_SSL_CERT_FILE', 'HTTPLIB2_CA_CERTS'],
  ...['BUNDLE_SSL_CA_CERT', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE'],
]

/** Ours that say how to reach peers, for an `agentpass` in the program; another may be a secret of a server's. */
const KEPT = /^AGENTPASS_(?:USER|RESOLVER|CA|ALLOW_PRIVATE)$/

/** The environment of a program that is run: ours, but for secrets, with the way to the Service. */
export function childEnvironment(own: Environment, { proxy, bundle, noProxy }: Told): Environment {
  const kept = Object.entries(own).filter(([name]) => !name.startsWith('AGENTPASS_') || KEPT.test(name))
  const both = (names: string[], value: string) => names.flatMap((name) => [name, name.toLowerCase()].map((spelled) => [spelled, value]))
  return {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(both(PROXIES, proxy)),
    ...Object.fromEntries(both(['NO_PROXY'], noProxy)),
    ...Object.fromEntries(BUNDLES.map((name) => [name, bundle])),
    NODE_USE_ENV_PROXY: '1', // Node reads the others only then
  }
}
