import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { EventFeed } from "./api/events";
import { readViewState, type ViewState } from "./dashboards/state";
import { Shell } from "./shell/Shell";
import { NotFound, PageError } from "./shell/Trouble";

export function createConsoleRouter(feed: EventFeed) {
  const root = createRootRoute({ component: () => <Shell feed={feed} />, notFoundComponent: NotFound });

  const index = createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: () => {
      // The router catches a thrown redirect: that is how it is told to go elsewhere.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw redirect({ to: "/pipelines", replace: true });
    },
  });
  const pipelines = createRoute({ getParentRoute: () => root, path: "/pipelines", component: lazyRouteComponent(() => import("./pipelines/PipelinesPage"), "PipelinesPage") });
  const workflow = createRoute({ getParentRoute: () => root, path: "/pipelines/$workflow", component: lazyRouteComponent(() => import("./pipelines/WorkflowPage"), "WorkflowPage") });
  const run = createRoute({
    getParentRoute: () => root,
    path: "/pipelines/$workflow/runs/$run",
    validateSearch: (search: Record<string, unknown>): { node?: string } => (typeof search.node === "string" ? { node: search.node } : {}),
    component: lazyRouteComponent(() => import("./pipelines/RunPage"), "RunPage"),
  });
  const data = createRoute({ getParentRoute: () => root, path: "/data", component: lazyRouteComponent(() => import("./data/DataPage"), "DataPage") });
  const table = createRoute({ getParentRoute: () => root, path: "/data/$database/$table", component: lazyRouteComponent(() => import("./data/DataPage"), "DataPage") });
  const dashboards = createRoute({ getParentRoute: () => root, path: "/dashboards", component: lazyRouteComponent(() => import("./dashboards/DashboardsPage"), "DashboardsPage") });
  const dashboard = createRoute({
    getParentRoute: () => root,
    path: "/dashboards/$dashboard",
    validateSearch: (search: Record<string, unknown>): ViewState => readViewState(search),
    component: lazyRouteComponent(() => import("./dashboards/DashboardPage"), "DashboardPage"),
  });

  return createRouter({
    routeTree: root.addChildren([index, pipelines, workflow, run, data, table, dashboards, dashboard]),
    basepath: "/_",
    defaultPreload: "intent",
    defaultErrorComponent: PageError,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
