package http

import (
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

const headerPolicy = "Content-Security-Policy"

// sandboxPolicy goes with every response of a script on the page's own origin,
// so that its page has an origin of its own and can do nothing as the signed-in
// admin (spec 5, "Admin isolation"). It is a header field of its own: browsers
// enforce all of them, so a policy that the script adds cannot take it back.
var sandboxPolicy = []string{"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"}

// enterSandbox puts the response under the policy, whatever it will be.
func enterSandbox(c echo.Context) { c.Response().Header()[headerPolicy] = sandboxPolicy }

// leaveSandbox is for the scripts of an app from which an owner has lifted it.
func leaveSandbox(c echo.Context) { delete(c.Response().Header(), headerPolicy) }

// refuseServiceWorker keeps a script's answer from becoming a service worker:
// one would outlive the page it came with, and answer for its neighbours.
func refuseServiceWorker(r *nethttp.Request) error {
	for _, value := range r.Header["Service-Worker"] {
		if strings.EqualFold(strings.TrimSpace(value), "script") {
			return store.Errorf(store.KindForbidden, "forbidden", "a script's answer cannot be installed as a service worker")
		}
	}
	return nil
}

// sandboxChange is the body of PUT apps/{app}/sandbox.
type sandboxChange struct {
	Lifted     bool `json:"lifted" example:"true"`      // whether the app's pages share the admin page's origin
	AcceptRisk bool `json:"accept_risk" example:"true"` // needed to lift it; without it the answer says what that means
}

// changeSandbox answers PUT apps/{app}/sandbox. Without accept_risk a caller
// who would lift the sandbox gets the warning instead.
func (s *Server) changeSandbox(c echo.Context, by principal) error {
	var body sandboxChange
	if err := bind(c, &body); err != nil {
		return err
	}
	if body.Lifted && !body.AcceptRisk {
		return fieldError(store.KindInvalid, "risk_not_accepted", "accept_risk",
			"pages of this app's scripts will be able to act as any admin who opens one of them, and so will everybody who may edit its scripts; send accept_risk: true to lift the sandbox all the same")
	}
	changed, err := s.store.SetSandbox(c.Request().Context(), by.app.ID, body.Lifted)
	if err != nil {
		return fmt.Errorf("set the sandbox: %w", err)
	}
	return answer(c, nethttp.StatusOK, viewApp(changed, by.role))
}
