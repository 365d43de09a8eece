package report

import (
	"fmt"
	"io"
)

// Waived is a violation that somebody has decided to live with. It fails nothing.
type Waived struct {
	Violation
	// Reason is why, Decided the day of the decision, and Expires the first day on which it counts no longer, empty where there is none.
	Reason  string `json:"reason"`
	Decided string `json:"decided"`
	Expires string `json:"expires,omitempty"`
}

// Because is the reason, with its days.
func (w Waived) Because() string {
	days := "decided " + w.Decided
	if w.Expires != "" {
		days += ", until " + w.Expires
	}
	return fmt.Sprintf("%s (%s)", w.Reason, days)
}

// waivedText lists what breaks a policy and may, and why.
func (r *Report) waivedText(w io.Writer) {
	if len(r.Waived) == 0 {
		return
	}
	_, _ = fmt.Fprint(w, "\nWaived\n")
	for _, v := range r.Waived {
		_, _ = fmt.Fprintf(w, "  %s: %s\n    because: %s\n", v.Rule, v.Message, v.Because())
	}
}
