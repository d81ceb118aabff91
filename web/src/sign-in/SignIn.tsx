import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asApiError } from "../api/client";
import { choosePassword, sessionQuery, signInWithPassword, type Session } from "../api/session";
import { Logo } from "../shell/icons";
import { useKeyFailure } from "./boot";
import "./sign-in.css";

const shortest = 8;

export function SignIn({ session }: { session: Session }) {
  const choosing = session.SignedIn && session.NeedsPassword;
  return (
    <div className="sign-in">
      <div className="sign-in-card card">
        <div className="sign-in-brand"><Logo /><span>tarn</span></div>
        {choosing ? <ChoosePassword /> : <Password />}
        {session.Account !== undefined && <div className="sign-in-foot">{session.Account} · {session.Region}</div>}
      </div>
    </div>
  );
}

/** A server's remark as a sentence. */
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function Password() {
  const client = useQueryClient();
  const linkFailed = useKeyFailure();
  const [password, setPassword] = useState("");
  const enter = useMutation({ mutationFn: signInWithPassword, onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }) });
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (password) enter.mutate(password); }}>
      <Form actions={<Button variant="primary" loading={enter.isPending} data-testid="sign-in">Sign in</Button>}>
        <SpaceBetween size="m">
          {linkFailed !== undefined && (
            <Alert type="warning" header="This sign-in link no longer works">{sentence(linkFailed)}</Alert>
          )}
          <FormField label="Password" errorText={enter.isError ? asApiError(enter.error).message : undefined}>
            <Input type="password" value={password} onChange={({ detail }) => setPassword(detail.value)} autoFocus name="password" ariaLabel="Password" data-testid="password" />
          </FormField>
          <div className="secondary">No password yet? Open the sign-in link that <code>tarn up</code> prints.</div>
        </SpaceBetween>
      </Form>
    </form>
  );
}

function ChoosePassword() {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const choose = useMutation({ mutationFn: choosePassword, onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }) });
  const tooShort = password.length < shortest;
  const differs = password !== again;
  const submit = () => {
    setTried(true);
    if (!tooShort && !differs) choose.mutate(password);
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <Form actions={<Button variant="primary" loading={choose.isPending} data-testid="choose-password">Choose and go on</Button>}>
        <SpaceBetween size="m">
          <div><b>Welcome.</b> Choose a password: it signs you in from now on.</div>
          <FormField label="New password" constraintText={`At least ${shortest} characters.`} errorText={tried && tooShort ? `It has ${password.length} characters.` : choose.isError ? asApiError(choose.error).message : undefined}>
            <Input type="password" value={password} onChange={({ detail }) => setPassword(detail.value)} autoFocus autoComplete="new-password" ariaLabel="New password" data-testid="new-password" />
          </FormField>
          <FormField label="Once more" errorText={tried && differs ? "The two differ." : undefined}>
            <Input type="password" value={again} onChange={({ detail }) => setAgain(detail.value)} autoComplete="new-password" ariaLabel="The password once more" data-testid="new-password-again" />
          </FormField>
        </SpaceBetween>
      </Form>
    </form>
  );
}
