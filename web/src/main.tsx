import "@cloudscape-design/global-styles/index.css";
import "virtual:console-theme.css";
import "./shell/console.css";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { EventFeed } from "./api/events";
import { sessionQuery } from "./api/session";
import { createConsoleRouter } from "./routes";
import { applyStoredMode } from "./shell/mode";
import { enterByLink } from "./sign-in/boot";

applyStoredMode();

// What was read stays good until the server says that it changed.
const client = new QueryClient({
  defaultOptions: { queries: { staleTime: Infinity, gcTime: 10 * 60_000, retry: false, refetchOnWindowFocus: false } },
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (error instanceof ApiError && error.signedOut && query.queryKey[0] !== "session") {
        void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
      }
    },
  }),
});
const feed = new EventFeed(client);

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root");

void enterByLink().then(() => {
  const router = createConsoleRouter(feed);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
});
