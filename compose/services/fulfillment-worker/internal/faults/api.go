package faults

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxBodyBytes = 4096

// API is the HTTP handler of the fault API. It belongs on a listener of its own, so that no proxy
// rule can expose it by mistake.
type API struct {
	service string
	state   *State
	token   [sha256.Size]byte
	exit    func()

	journal journal
	log     *slog.Logger

	mu    sync.Mutex
	crash *time.Timer
}

// NewAPI takes the function that ends the process as a crash would.
func NewAPI(service string, state *State, token string, log *slog.Logger, exit func()) *API {
	return &API{
		service: service,
		state:   state,
		token:   sha256.Sum256([]byte(token)),
		exit:    exit,
		journal: journal{state: state, log: log, open: map[Kind]bool{}},
		log:     log,
	}
}

type problem struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.authorized(r.Header.Get("Authorization")) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		send(w, http.StatusUnauthorized, problem{
			"a bearer token is needed",
			`send "Authorization: Bearer TOKEN" with the content of the fault-token file`,
		})
		return
	}
	routes := a.routes(r.URL.Path)
	if routes == nil {
		send(w, http.StatusNotFound, problem{
			"there is no " + r.URL.Path,
			"try GET /faults, PUT /faults/{latency,error,memory,stall}, POST /faults/{crash,reset}",
		})
		return
	}
	route, found := routes[r.Method]
	if !found {
		methods := make([]string, 0, len(routes))
		for method := range routes {
			methods = append(methods, method)
		}
		slices.Sort(methods)
		allowed := strings.Join(methods, ", ")
		w.Header().Set("Allow", allowed)
		send(w, http.StatusMethodNotAllowed, problem{
			r.Method + " is not allowed here",
			fmt.Sprintf("%s takes %s", r.URL.Path, allowed),
		})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		err = &RequestError{"the body is too long", fmt.Sprintf("%d bytes are the limit", maxBodyBytes)}
	} else {
		err = route(w, body)
	}
	var refused *RequestError
	if errors.As(err, &refused) {
		send(w, http.StatusBadRequest, problem{refused.Message, refused.Hint})
	}
}

type route func(w http.ResponseWriter, body []byte) error

func (a *API) routes(path string) map[string]route {
	switch path {
	case "/faults":
		return map[string]route{http.MethodGet: func(w http.ResponseWriter, _ []byte) error {
			return a.sendState(w)
		}}
	case "/faults/reset":
		return map[string]route{http.MethodPost: func(w http.ResponseWriter, _ []byte) error {
			a.journal.clear(Kinds...)
			if a.disarm() {
				a.log.Info("fault removed", "fault_kind", "crash")
			}
			return a.sendState(w)
		}}
	case "/faults/crash":
		return map[string]route{http.MethodPost: a.armCrash}
	}
	kind := Kind(strings.TrimPrefix(path, "/faults/"))
	if !slices.Contains(Kinds, kind) {
		return nil
	}
	return map[string]route{
		http.MethodPut: func(w http.ResponseWriter, body []byte) error {
			fault, err := ParseFault(kind, body)
			if err != nil {
				return err
			}
			a.journal.put(fault)
			return a.sendState(w)
		},
		http.MethodDelete: func(w http.ResponseWriter, _ []byte) error {
			a.journal.clear(kind)
			return a.sendState(w)
		},
	}
}

func (a *API) armCrash(w http.ResponseWriter, body []byte) error {
	after, err := ParseCrash(body)
	if err != nil {
		return err
	}
	a.log.Warn("fault injected", "fault_kind", "crash", "after_ms", after.Milliseconds())
	send(w, http.StatusAccepted, map[string]string{"service": a.service, "crash": "accepted"})
	// Whoever asked gets to know that it worked: a connection that breaks off could mean anything.
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	a.disarm()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.crash = time.AfterFunc(after, a.exit)
	return nil
}

// disarm reports whether a crash was still to come.
func (a *API) disarm() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crash != nil && a.crash.Stop()
}

func (a *API) sendState(w http.ResponseWriter) error {
	send(w, http.StatusOK, struct {
		Service string             `json:"service"`
		Faults  []Listed           `json:"faults"`
		Caps    map[string]float64 `json:"caps"`
	}{a.service, a.state.List(), caps})
	return nil
}

func (a *API) authorized(header string) bool {
	token, isBearer := strings.CutPrefix(header, "Bearer ")
	// Digests have one length, as the comparison in constant time demands, and hide the token's.
	given := sha256.Sum256([]byte(token))
	return isBearer && subtle.ConstantTimeCompare(given[:], a.token[:]) == 1
}

func send(w http.ResponseWriter, status int, body any) {
	content, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	content = append(content, '\n')
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// With its length known the answer is complete once flushed, which the crash relies on.
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	// A client that has gone is the only reason for an error, and nobody is left to tell.
	_, _ = w.Write(content)
}
