package httpd

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// tokenCookie keeps the token in a browser.
const tokenCookie = "postmuster-token"

// withToken asks for the token. Probes of life are answered without: they say
// nothing, and those who send them cannot always add a header.
func withToken(next http.Handler, c Config) http.Handler {
	full, read := isToken(c.Token), isToken(c.ReadToken)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := credentials(r)
		switch asked := r.URL.Query().Get("token"); {
		case r.URL.Path == "/livez" || r.URL.Path == "/readyz":
			next.ServeHTTP(w, r)
		case slices.ContainsFunc(given, full):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet && (full(asked) || read(asked)):
			keepToken(w, r, asked, c.Prefix)
		case !slices.ContainsFunc(given, read):
			w.Header().Set("WWW-Authenticate", `Basic realm="postmuster", charset="UTF-8"`)
			refuse(w, http.StatusUnauthorized, "this server asks for a token: Authorization: Bearer TOKEN")
		case !c.reads(r):
			refuse(w, http.StatusForbidden, "this token may read, and change nothing")
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), readOnlyKey{}, true)))
		}
	})
}

// isToken compares with a token in a time that tells nothing of it. Nothing is
// like an empty one.
func isToken(token string) func(string) bool {
	want := sha256.Sum256([]byte(token))
	return func(got string) bool {
		sum := sha256.Sum256([]byte(got))
		return token != "" && subtle.ConstantTimeCompare(sum[:], want[:]) == 1
	}
}

// reads reports whether a request changes nothing.
func (c *Config) reads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || c.Reads != nil && c.Reads(r)
}

type readOnlyKey struct{}

// ReadOnly reports whether whoever sends a request may read only.
func ReadOnly(r *http.Request) bool { return r.Context().Value(readOnlyKey{}) != nil }

// credentials returns what may be a token. The name of basic authentication is free.
func credentials(r *http.Request) []string {
	var found []string
	if scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		found = append(found, strings.TrimSpace(value))
	}
	if _, password, ok := r.BasicAuth(); ok {
		found = append(found, password)
	}
	if c, err := r.Cookie(tokenCookie); err == nil {
		if value, err := url.QueryUnescape(c.Value); err == nil {
			found = append(found, value)
		}
	}
	return found
}

// keepToken moves the token from the address, where it would be seen and copied,
// into a cookie.
func keepToken(w http.ResponseWriter, r *http.Request, token, prefix string) {
	http.SetCookie(w, &http.Cookie{
		Name: tokenCookie, Value: url.QueryEscape(token), Path: prefix + "/",
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	query := r.URL.Query()
	query.Del("token")
	// Only path and query, and never two slashes in front: not to another host.
	to := url.URL{Path: prefix + "/" + strings.TrimLeft(r.URL.Path, `/\`), RawQuery: query.Encode()}
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusSeeOther)
}
