package dns

import (
	"context"
	"errors"
	"fmt"

	"github.com/postmuster/postmuster/internal/dns"
)

// maxChain is how many CNAMEs are followed. RFC 1034 §3.6.2 names no limit;
// BIND and unbound stop between 11 and 16.
const maxChain = 16

// next returns the name to ask for if the answer stops at a CNAME, or the
// reason why its chain cannot be followed.
func next(a *dns.Answer) (target, reason string) {
	if a.Question.Type == dns.TypeCNAME || len(a.Records) == 0 {
		return "", ""
	}
	target, length, loops := walk(a)
	switch {
	case length == 0:
		return "", ""
	case loops:
		return "", "the chain comes back to " + dns.Absolute(target)
	case length > maxChain:
		return "", fmt.Sprintf("the chain has more than %d CNAMEs", maxChain)
	case a.Rcode == dns.RcodeNXDomain || len(a.Matching()) > 0 || denies(a, target):
		return "", "" // the server went to the end itself
	default:
		return target, ""
	}
}

// walk goes along the answer's CNAMEs.
func walk(a *dns.Answer) (end string, length int, loops bool) {
	var targets map[string]string
	for _, r := range a.Records {
		if cname, ok := r.Data.(dns.CNAME); ok {
			if targets == nil {
				targets = map[string]string{}
			}
			targets[dns.Canonical(r.Name)] = cname.Target
		}
	}
	end = a.Question.Name
	for length <= len(targets) {
		target, ok := targets[dns.Canonical(end)]
		if !ok {
			return end, length, false
		}
		end = target
		length++
	}
	return end, length, true
}

// denies reports whether the authority section speaks for the zone of name: a
// SOA there means NODATA (RFC 2308 §2.2), not that the server stopped.
func denies(a *dns.Answer, name string) bool {
	for _, r := range a.Authority {
		if r.Type() == dns.TypeSOA && dns.Within(name, r.Name) {
			return true
		}
	}
	return false
}

// follow asks for the name that the chain so far ends with and joins both parts.
func (c *Client) follow(ctx context.Context, chain *dns.Answer, target string) (*dns.Answer, *dns.Error) {
	question := chain.Question
	question.Name = target
	end, failure := c.ask(ctx, question)
	if failure != nil {
		place := "at the CNAME's target " + dns.Absolute(target)
		if failure.Err == nil {
			failure.Err = errors.New(place)
		} else {
			failure.Err = fmt.Errorf("%s: %w", place, failure.Err)
		}
		return nil, failure
	}
	end.Question = chain.Question
	end.Records = append(chain.Records[:len(chain.Records):len(chain.Records)], end.Records...)
	end.AuthenticData = end.AuthenticData && chain.AuthenticData
	end.TCP = end.TCP || chain.TCP
	end.ExtendedErrors = append(chain.ExtendedErrors, end.ExtendedErrors...)
	return end, nil
}
