package cluster

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"strings"
)

var (
	calendarEvent = regexp.MustCompile(`^[A-Za-z0-9*][A-Za-z0-9 *:/.,~-]*$`)
	restorePoint  = regexp.MustCompile(`^(latest@.+|[0-9a-f]{8,64}(@.+)?)$`)
	bucketName    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	dumpName      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
)

func (p *problems) backup(a *Args) {
	b := a.Backup
	if b.Destination == "" {
		if b.Run != "" {
			p.Addf("backup.run %q: has no use without backup.destination", b.Run)
		}
		if b.Restore != "" {
			p.Addf("backup.restore %q: has no use without backup.destination", b.Restore)
		}
		return
	}
	switch {
	case b.inS3():
		if _, err := ParseS3(b.Destination); err != nil {
			p.Addf("backup.destination %q: %w", b.Destination, err)
		}
	case !path.IsAbs(b.Destination) || path.Clean(b.Destination) != b.Destination || b.Destination == "/" || !safePath.MatchString(b.Destination):
		p.Addf("backup.destination %q: must be the plain absolute path of a directory, or s3:https://<endpoint>/<bucket>/<prefix>", b.Destination)
	}
	if !calendarEvent.MatchString(b.Schedule) {
		p.Addf("backup.schedule %q: not a calendar event of systemd such as daily or *-*-* 03:00:00", b.Schedule)
	}
	if b.Keep < 1 {
		p.Addf("backup.keep %d: at least one backup must be kept", b.Keep)
	}
	if b.Restore != "" && !restorePoint.MatchString(b.Restore) {
		p.Addf("backup.restore %q: must be latest@<any text>, or a point of the output backups, optionally with @<any text>", b.Restore)
	}
	if a.BackupPassword == nil {
		p.Addf("backupPassword <unset>: required with backup.destination")
	}
	for i, d := range a.Dumps {
		if !dumpName.MatchString(d.Name) {
			p.Addf("dumps[%d].name %q: must be lower-case letters, digits, dots and dashes", i, d.Name)
		}
		for _, field := range []struct{ name, value string }{
			{"namespace", d.Namespace}, {"workload", d.Workload}, {"dump", d.Dump}, {"restore", d.Restore},
		} {
			if field.value == "" || strings.ContainsAny(field.value, "\t\n") {
				p.Addf("dumps[%d].%s %q: must be one line without tabs", i, field.name, field.value)
			}
		}
	}
}

// S3 is a place in a bucket.
type S3 struct{ Endpoint, Bucket, Prefix string }

// ParseS3 reads a destination such as s3:https://s3.eu-central-1.amazonaws.com/bucket/prefix.
func ParseS3(destination string) (S3, error) {
	address, ok := strings.CutPrefix(destination, "s3:")
	if !ok {
		return S3{}, errors.New("not in S3")
	}
	if err := checkURL(address); err != nil {
		return S3{}, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return S3{}, err
	}
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !bucketName.MatchString(bucket) || strings.Contains(address, "%") {
		return S3{}, errors.New("names no bucket, such as s3:https://s3.eu-central-1.amazonaws.com/bucket/prefix")
	}
	return S3{Endpoint: u.Host, Bucket: bucket, Prefix: prefix}, nil
}
