package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/report"
)

func newAudit(env *Env) *cobra.Command {
	f := auditFlags{scope: checks.Domain}
	c := &cobra.Command{
		Use:   "audit DOMAIN... [-]",
		Short: "Audit domains: will their mail arrive?",
		Long: `Audit domains: SPF, DKIM, DMARC, MX, STARTTLS, reverse DNS, blocklists.

Each finding comes with what was seen, why it matters, what to do and the
standard. What could not be found out is said so, and never called missing.
A - reads domains from standard input, one a line.`,
		Example: `  postmuster audit example.com
  postmuster audit example.com example.net --format json
  postmuster audit --zone example.com.zone --no-smtp example.com   # before it is published
  postmuster audit --select 'spf-*' --fail-on medium - < domains.txt
  postmuster audit --record case.rec example.com && postmuster audit --replay case.rec example.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("audit: name at least one domain, or - for standard input")
			}
			several := len(args) > 1 || args[0] == "-"
			return runJobs(cmd.Context(), env, &f, domainJobs(env.In, args), several)
		},
	}
	f.register(c)
	return c
}

// domainJobs makes a job of each domain named, and of each line of standard
// input where the name is a dash.
func domainJobs(in io.Reader, args []string) iter.Seq[job] {
	return func(yield func(job) bool) {
		for _, arg := range args {
			if arg == "-" {
				if !readLines(in, yield) {
					return
				}
			} else if !yield(domainJob(arg, "")) {
				return
			}
		}
	}
}

// readLines makes a job of each line; empty ones and those that begin with #
// are passed over. It reports whether more jobs are wanted.
func readLines(in io.Reader, yield func(job) bool) bool {
	lines := bufio.NewScanner(in)
	some := false
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		some = true
		if !yield(domainJob(text, fmt.Sprintf("standard input, line %d: ", n))) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		return yield(job{err: fmt.Errorf("read standard input: %w", err)})
	}
	if !some {
		return yield(job{err: errors.New("standard input: no domain in it, where one a line was expected")})
	}
	return true
}

func domainJob(text, place string) job {
	domain, err := audit.ParseDomain(text)
	if err != nil {
		return job{label: text, err: fmt.Errorf("%s%w", place, err)}
	}
	return job{label: domain, run: func(ctx context.Context, a *audit.Auditor) *report.Report {
		return a.Domain(ctx, domain)
	}}
}
