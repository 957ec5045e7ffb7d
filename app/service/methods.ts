/** The methods that an address answers. */
import type { Route } from '../../reports/service/route.ts';

type Addressed = Pick<Route, 'method' | 'path' | 'answers'>;

/** HEAD is answered wherever GET is, except where the response lasts as long as the caller stays. */
export function methodsOf({ method, answers }: Omit<Addressed, 'path'>): readonly string[] {
  return method === 'GET' && answers[200]?.type !== 'text/event-stream' ? ['GET', 'HEAD'] : [method];
}

/** For a path as sent: the methods of all its routes; none if it has no route. */
export function methodsAt(routes: readonly Addressed[]): (path: string) => readonly string[] {
  const known = routes.map((route) => ({ pattern: patternOf(route.path), methods: methodsOf(route) }));
  return (path) => known.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : []));
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split(/(\{\w+\*?\})/)
      .map((part) => (part.endsWith('*}') ? '.+' : part.startsWith('{') ? '[^/]+' : RegExp.escape(part)))
      .join('')}$`,
  );
