package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// Names of the files that journal.sh puts in place.
const (
	journalUploadFile = "journal-upload.conf"
	journalUnitFile   = "journal-upload.service.conf"
)

// sendJournals has every node hand its journal on to the agent that collects logs there, which another layer runs.
func sendJournals(args *Args, members []*node) error {
	if args.JournalPort == 0 {
		return nil
	}
	for _, n := range members {
		if _, err := n.Run(step.Step{
			Name: "journal", Script: "journal.sh", Limit: 5400, Files: []string{journalUploadFile, journalUnitFile}, After: []*step.Done{n.joined},
			Settings: []step.Setting{step.Set("ACTION", pulumi.String("install"))},
			Undo:     &step.Undo{Script: "journal.sh", Limit: 120, Settings: []step.Setting{step.Set("ACTION", pulumi.String("remove"))}},
		}); err != nil {
			return err
		}
	}
	return nil
}

// journalFiles are the settings of systemd-journal-upload and of its unit. It ends whenever the agent does not take an entry, and goes
// on after the last one that it took: also after an hour, and then no more seldom than at first, as Debian 13's unit would have it by
// RestartSteps, which Debian 12's systemd does not know and leaves out.
// https://www.freedesktop.org/software/systemd/man/latest/journal-upload.conf.html
func (a *Args) journalFiles() map[string]pulumi.StringInput {
	if a.JournalPort == 0 {
		return nil
	}
	return map[string]pulumi.StringInput{
		journalUploadFile: pulumi.String(unit(
			section{"Upload", []argument{{"URL", fmt.Sprintf("http://127.0.0.1:%d/insert/journald", a.JournalPort)}}},
		)),
		journalUnitFile: pulumi.String(unit(
			section{"Unit", []argument{{"StartLimitIntervalSec", "0"}}},
			section{"Service", []argument{{"Restart", "always"}, {"RestartSec", "10"}, {"RestartSteps", "0"}}},
		)),
	}
}
