import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { dashboardsQuery } from "../api/quicksight";
import { sessionQuery } from "../api/session";
import { formatAgo } from "../format/datetime";
import { useNow } from "../shell/now";
import { CallError, Empty, Page, RowShapes } from "../shell/parts";

export function DashboardsPage() {
  const account = useQuery(sessionQuery).data?.Account ?? "";
  const answer = useQuery(dashboardsQuery(account));
  const now = useNow(false);
  const navigate = useNavigate();
  return (
    <Page title="Dashboards">
      {answer.isError ? (
        <CallError error={answer.error} what="The list of dashboards" retry={() => void answer.refetch()} />
      ) : (
        <div className="card">
          {answer.isPending ? (
            <RowShapes count={4} />
          ) : answer.data.length === 0 ? (
            <Empty title="No dashboards yet" command="tarn apply">
              A dashboard is a QuickSight definition: a JSON file in a project's <code>dashboards/</code> folder, or what <code>aws quicksight create-dashboard</code> sends.
            </Empty>
          ) : (
            <table className="rows">
              <thead><tr><th>Name</th><th>Published</th><th className="number">Version</th><th>Id</th></tr></thead>
              <tbody>
                {answer.data
                  .toSorted((a, b) => (a.Name ?? a.DashboardId).localeCompare(b.Name ?? b.DashboardId))
                  .map((d) => (
                    <tr key={d.DashboardId} className="link" onClick={() => void navigate({ to: "/dashboards/$dashboard", params: { dashboard: d.DashboardId } })}>
                      <td><Link to="/dashboards/$dashboard" params={{ dashboard: d.DashboardId }} data-testid={`dashboard-${d.DashboardId}`}>{d.Name ?? d.DashboardId}</Link></td>
                      <td>{formatAgo(d.LastPublishedTime ?? d.LastUpdatedTime, now)}</td>
                      <td className="number">{d.PublishedVersionNumber ?? "–"}</td>
                      <td className="secondary mono">{d.DashboardId}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          )}
        </div>
      )}
    </Page>
  );
}
