package cmd

import "testing"

func TestUnknownCommand(t *testing.T) {
	l := testEnv(t)
	l.wantUsage(l.run("xyzzy", "example.com"), `unknown command "xyzzy"`)
}

func TestAuditAsksOnlyTheLab(t *testing.T) {
	l := testEnv(t)
	l.zone(`example.com. TXT "v=spf1 -all"`)
	got := l.ask("audit", "--select", "spf-*", "example.com")
	l.wantCode(got, exitMet)
}
