import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useMatchRoute } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { useLiveness, type EventFeed } from "../api/events";
import { sessionQuery, signOut, type Session } from "../api/session";
import { Logo, MoonIcon, SignOutIcon, SunIcon } from "./icons";
import { toggleMode, useDark } from "./mode";
import { CallError, Shape } from "./parts";

const SignIn = lazy(() => import("../sign-in/SignIn").then((m) => ({ default: m.SignIn })));

const places = [
  { to: "/pipelines", name: "Pipelines" },
  { to: "/data", name: "Data" },
  { to: "/dashboards", name: "Dashboards" },
] as const;

export function Shell({ feed }: { feed: EventFeed }) {
  const session = useQuery(sessionQuery);
  if (session.isPending) {
    return <div className="app"><div className="bar"><span className="brand"><Logo />tarn</span></div><div className="page"><Shape height={30} width={240} /></div></div>;
  }
  if (session.isError) {
    return (
      <div className="app">
        <div className="bar"><span className="brand"><Logo />tarn</span></div>
        <div className="page"><CallError error={session.error} what="The console" retry={() => void session.refetch()} /></div>
      </div>
    );
  }
  if (!session.data.SignedIn || session.data.NeedsPassword) return <Suspense><SignIn session={session.data} /></Suspense>;
  return <SignedIn session={session.data} feed={feed} />;
}

function SignedIn({ session, feed }: { session: Session; feed: EventFeed }) {
  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);
  return (
    <div className="app">
      <TopBar session={session} feed={feed} />
      <Outlet />
    </div>
  );
}

function TopBar({ session, feed }: { session: Session; feed: EventFeed }) {
  const liveness = useLiveness(feed);
  const dark = useDark();
  const client = useQueryClient();
  const matches = useMatchRoute();
  const said = { live: "Live: changes show as they happen", connecting: "Connecting", lost: "Connection lost, trying again" }[liveness];
  return (
    <header className="bar">
      <Link to="/" className="brand" aria-label="tarn, start page"><Logo />tarn</Link>
      <nav aria-label="Places">
        {places.map((p) => (
          <Link key={p.to} to={p.to} {...(matches({ to: p.to, fuzzy: true }) ? { "aria-current": "page" } : {})}>{p.name}</Link>
        ))}
      </nav>
      <div className="fill" />
      <div className="environment" title={said} data-testid="environment">
        <span className={`pulse ${liveness}`} role="img" aria-label={said} />
        <span>{session.Account}</span><span>{session.Region}</span>
        {session.User !== undefined && session.User !== "" && <b>{session.User}</b>}
      </div>
      <button type="button" onClick={toggleMode} aria-label={dark ? "Switch to light" : "Switch to dark"} title={dark ? "Light" : "Dark"} data-testid="mode-toggle">
        {dark ? <SunIcon /> : <MoonIcon />}
      </button>
      <button
        type="button"
        aria-label="Sign out"
        title="Sign out"
        data-testid="sign-out"
        onClick={() => void signOut().finally(() => { client.clear(); window.location.assign("/_/"); })}
      >
        <SignOutIcon />
      </button>
    </header>
  );
}
