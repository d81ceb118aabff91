// What the console reads from QuickSight.

import { queryOptions } from "@tanstack/react-query";
import type { Definition } from "../dashboards/definition";
import { call } from "./client";
import type { Timestamp } from "./glue";

export interface DashboardSummary {
  DashboardId: string;
  Name?: string;
  CreatedTime?: Timestamp;
  LastUpdatedTime?: Timestamp;
  LastPublishedTime?: Timestamp;
  PublishedVersionNumber?: number;
}

export const dashboardsQuery = (account: string) =>
  queryOptions({
    queryKey: ["quicksight", "dashboards", account],
    meta: { watches: ["quicksight"] },
    queryFn: async ({ signal }) => {
      const found: DashboardSummary[] = [];
      let token: string | undefined;
      do {
        const page: { DashboardSummaryList?: DashboardSummary[]; NextToken?: string } = await call(
          "quicksight", "ListDashboards", { AwsAccountId: account, ...(token === undefined ? {} : { NextToken: token }) }, signal,
        );
        found.push(...(page.DashboardSummaryList ?? []));
        token = page.NextToken;
      } while (token);
      return found;
    },
  });

export interface DashboardDefinition {
  DashboardId?: string;
  Name?: string;
  Definition?: Definition;
  ResourceStatus?: string;
  Errors?: { Type?: string; Message?: string }[];
}

/** The published version. */
export const dashboardQuery = (account: string, id: string) =>
  queryOptions({
    queryKey: ["quicksight", "dashboard", account, id],
    meta: { watches: ["quicksight.dashboard"] },
    queryFn: ({ signal }) => call<DashboardDefinition>("quicksight", "DescribeDashboardDefinition", { AwsAccountId: account, DashboardId: id }, signal),
  });
