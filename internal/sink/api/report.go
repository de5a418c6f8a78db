package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postmuster/postmuster/internal/report"
	"github.com/postmuster/postmuster/internal/sink/store"
)

func (a *API) registerReport(api huma.API) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[report.Report](), true, "Report")
	register(a, api, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: prefix + "/messages/{id}/report", Tags: []string{"messages"},
		Summary: "What was found out about a message",
		Responses: map[string]*huma.Response{
			"200": {Description: "The report", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}},
			"202": {Description: "The report is being made; ask again after Retry-After"},
		},
	}, a.report)
}

type reportOutput struct {
	Status      int
	ETag        string `header:"ETag"`
	ContentType string `header:"Content-Type"`
	RetryAfter  string `header:"Retry-After"`
	Body        []byte
}

func (a *API) report(ctx context.Context, in *ContentInput) (*reportOutput, error) {
	r, err := a.one(ctx, in.IDInput)
	if err != nil {
		return nil, err
	}
	out := &reportOutput{ContentType: "application/json"}
	found, err := a.store.Report(ctx, r.ID)
	if errors.Is(err, store.ErrNoReport) {
		out.Status, out.RetryAfter, out.Body = http.StatusAccepted, "1", []byte(`{"status":"pending"}`+"\n")
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.ETag = etagOfBytes(found.JSON)
	if out.Status = statusFor(in.IfNoneMatch, out.ETag); out.Status == http.StatusOK {
		out.Body = found.JSON
	}
	return out, nil
}
