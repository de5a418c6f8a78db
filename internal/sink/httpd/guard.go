package httpd

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// guard wraps a handler. The order matters: what is refused by its Host is not
// told whether its token is right.
func guard(bound netip.Addr, c Config, named origins) http.Handler {
	h := c.Handler
	if mux, ok := h.(*http.ServeMux); ok {
		h = withProblems(mux, c.Missing)
	}
	if c.Token != "" {
		h = withToken(h, c)
	}
	h = belowPrefix(h, c.Prefix)
	h = crossOrigin(h, named)
	h = named.shared(h)
	h = sameOrigin(h, named)
	h = knownHost(h, bound, c.Hosts)
	return limited(withHeaders(h), cmp.Or(c.MaxBody, DefaultMaxBody))
}

// withHeaders sets what every answer says, unless its handler says otherwise.
// Nothing allows another origin to read: see origins for those that are named.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // links in mail need not learn where they were read
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}

// knownHost refuses requests for names that are not ours. A page of another site
// whose name was made to resolve to this machine (DNS rebinding) passes every
// same-origin rule of the browser, but its requests carry that name.
func knownHost(next http.Handler, bound netip.Addr, names []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hostAllowed(r.Host, bound, names) {
			refuse(w, http.StatusMisdirectedRequest, "the Host of this request is not a name of this server; start it with --host NAME if it should be")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostForm is what a name or an address with a port may consist of. Browsers take
// more, such as a'$(b)'.localhost: where the page writes a command with its address,
// that would be part of the command.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9._:%\[\]-]+$`)

func hostAllowed(hostport string, bound netip.Addr, names []string) bool {
	if !hostForm.MatchString(hostport) {
		return false
	}
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h // any port: it may be forwarded from elsewhere
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		// An address cannot be rebound. Where we listen on all, each may be ours.
		ip = ip.WithZone("").Unmap()
		return ip.IsLoopback() || ip == bound.WithZone("") || bound.IsUnspecified() || slices.Contains(names, host)
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 §6.3
		return true
	}
	return slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(strings.TrimSuffix(n, "."), host) })
}

// crossOrigin is the standard library's judgement of the same, for what changes something.
func crossOrigin(next http.Handler, named origins) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if named.allow(r) {
			next.ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests that pages of other origins make, of whatever
// method: reading mail needs no more than GET. A page on another port of this
// machine is another origin, though the browser calls it the same site.
func sameOrigin(next http.Handler, named origins) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !named.allow(r) && !fromOurPage(r) {
			refuse(w, http.StatusForbidden, "a page of another origin may not ask this server: a reverse proxy passes on the Host that it was asked for, with its port; --allow-origin names other pages")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func fromOurPage(r *http.Request) bool {
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		if len(origins) > 1 || !originIs(origins[0], r) {
			return false
		}
	}
	switch site := r.Header.Values("Sec-Fetch-Site"); {
	case len(site) == 0: // no browser, or an old one, whose Origin was looked at
		return true
	case len(site) > 1:
		return false
	case site[0] == "same-origin", site[0] == "none": // our page, or the address bar
		return true
	default:
		return isVisit(r)
	}
}

// isVisit reports whether somebody follows a link to us: the page with the link
// learns nothing of the answer, and GET changes nothing.
func isVisit(r *http.Request) bool {
	h := r.Header
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document" && len(h.Values("Origin")) == 0
}

// originIs reports whether an Origin is the one that the request was sent to.
// A proxy may have taken TLS away, so the scheme is not compared; no page can
// be had from the same host and port by two schemes.
func originIs(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// None of the texts above needs escaping.
	w.Write([]byte(`{"title":"` + http.StatusText(status) + `","status":` + strconv.Itoa(status) + `,"detail":"` + detail + `"}` + "\n"))
}
