package store

import (
	"encoding/json"

	"github.com/google/uuid"
)

// ExecutionStatus is how a run ended (spec 4, "The execution log").
type ExecutionStatus string

// The execution statuses.
const (
	StatusSuccess          ExecutionStatus = "success"
	StatusError            ExecutionStatus = "error"
	StatusTimeout          ExecutionStatus = "timeout"
	StatusInstructionLimit ExecutionStatus = "instruction_limit"
	StatusMemoryLimit      ExecutionStatus = "memory_limit"
	StatusSDKCallLimit     ExecutionStatus = "sdk_call_limit"
	StatusRejected         ExecutionStatus = "rejected"
)

// Execution is the record of one run of a script.
type Execution struct {
	ID             uuid.UUID         `json:"id"`
	RouteID        uuid.UUID         `json:"-"` // of a request that waited for it; not kept
	AppID          uuid.UUID         `json:"app_id"`
	ScriptID       uuid.UUID         `json:"script_id"`
	ScriptVersion  int               `json:"script_version"` // that ran
	RequestID      string            `json:"request_id"`
	InvocationType string            `json:"invocation_type"` // what started it
	TriggerID      *uuid.UUID        `json:"trigger_id"`
	Status         ExecutionStatus   `json:"status"`
	StatusCode     int               `json:"status_code"` // of the HTTP answer
	StartedAt      Time              `json:"started_at"`
	DurationMS     float64           `json:"duration_ms"` // of the run
	Usage          Usage             `json:"usage"`
	Error          *ExecutionError   `json:"error"` // null when it did well
	Logs           []LogLine         `json:"logs"`
	LogsDropped    int               `json:"logs_dropped"`      // lines beyond what is kept
	Queries        []QueryReport     `json:"queries,omitempty"` // the slowest few of documents
	Request        *RecordedRequest  `json:"request"`           // the first 8 KiB of its body
	Response       *RecordedResponse `json:"response"`          // the first 8 KiB of its body
}

// Usage is what a run used of its limits.
type Usage struct {
	Instructions int64 `json:"instructions"`
	MemoryBytes  int64 `json:"memory_bytes"`
	SDKCalls     int64 `json:"sdk_calls"`
}

// ExecutionError is the error that ended a run, free of references into the Lua state.
type ExecutionError struct {
	Code      string `json:"code"` // such as script_error
	Message   string `json:"message"`
	Script    string `json:"script"` // the script or module that failed
	Line      int    `json:"line"`   // in that script; 0 when unknown
	Traceback string `json:"traceback"`
}

// LogLine is one line that a script logged.
type LogLine struct {
	At      Time            `json:"at"`
	Level   string          `json:"level"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// HeaderField is one header as it was received or sent.
type HeaderField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RecordedRequest is the part of a request that the log keeps. Body is at most
// 8 KiB; BodyBytes is its whole length. BodyBase64 says that Body is base64
// because the bytes are not UTF-8. Query is as it was sent, without the values
// of names that stand for a credential.
type RecordedRequest struct {
	Method     string        `json:"method"`
	Path       string        `json:"path"`
	Query      string        `json:"query"`
	Headers    []HeaderField `json:"headers"`
	Body       string        `json:"body"`
	BodyBase64 bool          `json:"body_base64,omitempty"` // the body is base64, because its bytes are not UTF-8
	BodyBytes  int           `json:"body_bytes"`            // the whole length
}

// RecordedResponse is the part of a response that the log keeps, with the same bounds.
type RecordedResponse struct {
	Status     int           `json:"status"`
	Headers    []HeaderField `json:"headers"`
	Body       string        `json:"body"`
	BodyBase64 bool          `json:"body_base64,omitempty"` // the body is base64, because its bytes are not UTF-8
	BodyBytes  int           `json:"body_bytes"`            // the whole length
}
