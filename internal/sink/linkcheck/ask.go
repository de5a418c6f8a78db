package linkcheck

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/postmuster/postmuster/internal/sink/egress"
)

const (
	maxHops = 5
	// maxHeader is the largest header section of an answer.
	maxHeader = 64 << 10
	// maxReason is how much is kept of why: it may quote what a server sent.
	maxReason = 500
)

func newClient(c Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{ // no proxy: it would not judge where we go
			DialContext: c.Dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout: linkTimeout, TLSClientConfig: &tls.Config{RootCAs: c.Roots, Time: c.Now},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask asks for one target.
func (c *Checker) ask(ctx context.Context, t Target, follow bool) Answer {
	a := Answer{Target: t}
	if ctx.Err() != nil {
		return a.because(NotAsked, fmt.Sprintf("the links in front of it took %s", totalTimeout))
	}
	u, err := url.Parse(t.URL)
	if err != nil || len(t.URL) > maxURL {
		return a.because(NotAsked, "it is not an address that can be asked for")
	}
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	for {
		if why := refused(u); why != "" {
			return a.because(NotAsked, behind(a.Hops, why))
		}
		next, err := c.once(ctx, u, &a)
		switch {
		case err != nil:
			return a.failed(ctx, err)
		case next == nil:
			return a.judged()
		case !follow:
			return a.because(Unknown, "it leads on to "+next.String()+", which was not asked for")
		case len(a.Hops) == maxHops:
			return a.because(Unknown, fmt.Sprintf("it leads on more than %d times", maxHops))
		}
		a.Hops = append(a.Hops, Hop{URL: u.String(), Status: a.Status})
		u, a.End = next, next.String()
	}
}

func (a Answer) because(state State, reason string) Answer {
	a.State, a.Reason = state, reason
	if len(reason) > maxReason {
		a.Reason = strings.ToValidUTF8(reason[:maxReason], "") + "…"
	}
	return a
}

// behind says that it is about where a link leads on to.
func behind(hops []Hop, why string) string {
	if len(hops) > 0 {
		return "it leads on to an address that is not asked for: " + why
	}
	return why
}

// once asks for one address, with GET where HEAD is refused, and returns where the
// answer leads on to.
func (c *Checker) once(ctx context.Context, u *url.URL, a *Answer) (next *url.URL, err error) {
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		res, err := c.send(ctx, method, u)
		if err != nil {
			return nil, err
		}
		a.Status, a.Method = res.StatusCode, method
		if location := res.Header.Get("Location"); res.StatusCode/100 == 3 && location != "" {
			if len(location) > maxURL {
				return nil, errors.New("it leads on to an address that is too long")
			}
			return u.Parse(location)
		}
		if res.StatusCode < http.StatusBadRequest {
			return nil, nil
		}
	}
	return nil, nil
}

// send sends one request; the body of the answer is not read.
func (c *Checker) send(ctx context.Context, method string, u *url.URL) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "postmuster/"+cmp.Or(c.config.Version, "devel")+" (link check)")
	req.Header.Set("Accept", "*/*")
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}

// judged says what a status means.
func (a Answer) judged() Answer {
	status := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	switch {
	case a.Status/100 == 2:
		return a.because(Works, "")
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone:
		return a.because(Broken, "it answers "+status)
	case a.Status/100 == 5:
		return a.because(Unknown, "it answers "+status+": its server fails at the moment")
	default:
		return a.because(Unknown, "it answers "+status+": a program may be turned away where a reader is not")
	}
}

// failed says why there was no answer.
func (a Answer) failed(ctx context.Context, err error) Answer {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address once more
	}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	name, isName := errors.AsType[x509.HostnameError](err)
	cert, isCert := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case errors.Is(err, egress.ErrNotPublic):
		return a.because(NotAsked, behind(a.Hops, "its host is "+err.Error()))
	case isDNS && dns.IsNotFound:
		return a.because(Broken, "its host "+dns.Name+" does not exist, or has no address")
	case isDNS:
		return a.because(Unknown, "the address of "+dns.Name+" could not be found out")
	case ctx.Err() != nil, isTimeout(err):
		return a.because(Unknown, fmt.Sprintf("no answer came within %s", linkTimeout))
	case isName:
		return a.because(Broken, "readers get a warning: "+name.Error())
	case isCert && cert.Reason == x509.Expired:
		return a.because(Broken, "readers get a warning: "+cert.Error())
	default:
		return a.because(Unknown, err.Error())
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
