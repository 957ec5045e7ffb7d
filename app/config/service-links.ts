/**
 * Variables that Kubernetes sets in every container for the Services of its namespace, as Docker did for links. For a Service named
 * `tributary`, or `tributary-` and a suffix, they begin as ours do.
 */
const ADDRESS = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/;
const SERVICE = /_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/;
const PORT_PART = /_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

/**
 * `TRIBUTARY_PORT=tcp://10.0.0.1:8080` is one. So is `TRIBUTARY_METRICS_PORT` with such a value, from a Service `tributary-metrics`; there,
 * only the value distinguishes it from our own variable.
 */
export function isServiceLink(name: string, value: string): boolean {
  return SERVICE.test(name) || PORT_PART.test(name) || (name.endsWith('_PORT') && ADDRESS.test(value));
}
