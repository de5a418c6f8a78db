package httpd

import (
	"net/http"
	"testing"
)

func TestPagesOfNamedOrigins(t *testing.T) {
	addr := serve(t, func(c *Config) {
		c.Origins, c.Token = []string{"http://localhost:3000", "https://app.example.com"}, "right"
	})
	const app, token = "https://app.example.com", "Bearer right"
	tests := []struct {
		name, method, origin, token, asked string
		status                             int
		reads                              bool // the page may read the answer
	}{
		{"reads", "GET", app, token, "", 200, true},
		{"writes", "DELETE", app, token, "", 200, true},
		{"asks what it may send", "OPTIONS", app, "", "DELETE", 204, true},
		{"without the token", "GET", app, "", "", 401, true},
		{"another scheme", "GET", "http://app.example.com", token, "", 403, false},
		{"another port", "GET", "http://localhost:3001", token, "", 403, false},
		{"a name that begins like it", "GET", app + ".example.net", token, "", 403, false},
		{"another name, which asks", "OPTIONS", "https://evil.example.net", "", "DELETE", 403, false},
		{"no origin", "GET", "", token, "", 200, false},
		{"a sandboxed frame", "GET", "null", token, "", 403, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+addr+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"Origin": tt.origin, "Authorization": tt.token, "Access-Control-Request-Method": tt.asked} {
				if value != "" {
					req.Header.Set(name, value)
				}
			}
			if tt.origin != "" {
				req.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			h := res.Header
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if want := map[bool]string{true: tt.origin}[tt.reads]; h.Get("Access-Control-Allow-Origin") != want || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("readable by %q, want %q, and with no cookies: %q", h.Get("Access-Control-Allow-Origin"), want, h.Get("Access-Control-Allow-Credentials"))
			}
			if tt.reads && h.Get("Vary") != "Origin" {
				t.Errorf("Vary: %q", h.Values("Vary"))
			}
		})
	}
}

func TestOriginsAreWrittenInFull(t *testing.T) {
	for _, origin := range []string{"*", "null", "", "localhost:3000", "http://", "http://localhost:3000/", "http://a@localhost", "ftp://localhost", "http://*.example.com/x"} {
		if s, err := Listen(t.Context(), "127.0.0.1:0", Config{Handler: http.NotFoundHandler(), Origins: []string{origin}}); err == nil {
			s.listener.Close()
			t.Errorf("the origin %q is taken", origin)
		}
	}
}
