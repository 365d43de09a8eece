package cluster

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ecommerce-platform/infra/boundary"
)

var (
	calendarEvent = regexp.MustCompile(`^[A-Za-z0-9*][A-Za-z0-9 *:/.,~-]*$`)
	restorePoint  = regexp.MustCompile(`^(latest@.+|[0-9a-f]{8,64}(@.+)?)$`)
	accessKey     = regexp.MustCompile(`^[!-~]+$`)
	bucketName    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	dumpName      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
)

func (p *problems) backup(a *Args) {
	b := a.Backup
	if b.Destination == "" {
		if a.BackupKey != (AccessKey{}) {
			p.Addf("backupKey <secret>: has no use without backup.destination")
		}
		for _, asked := range []struct{ key, value string }{
			{"run", b.Run}, {"restore.cluster", b.Restore.Cluster}, {"restore.data", b.Restore.Data},
		} {
			if asked.value != "" {
				p.Addf("backup.%s %q: has no use without backup.destination", asked.key, asked.value)
			}
		}
		return
	}
	p.backupDestination(a)
	for _, event := range []struct{ key, value string }{{"cluster", b.Schedule.Cluster}, {"data", b.Schedule.Data}} {
		if !calendarEvent.MatchString(event.value) {
			p.Addf("backup.schedule.%s %q: not a calendar event of systemd such as daily or *-*-* 03:00:00", event.key, event.value)
		}
	}
	for _, kept := range []struct {
		key         string
		days, least int
	}{{"all", b.Keep.All, 1}, {"hourly", b.Keep.Hourly, 0}, {"daily", b.Keep.Daily, 0}} {
		if kept.days < kept.least {
			p.Addf("backup.keep.%s %d: must be a number of days, at least %d", kept.key, kept.days, kept.least)
		}
	}
	if at := b.Restore.Cluster; at != "" && !restorePoint.MatchString(at) {
		p.Addf("backup.restore.cluster %q: must be latest@<any text>, or a point of the output backups, optionally with @<any text>", at)
	}
	if at := b.Restore.Data; at != "" && !restorePoint.MatchString(strings.TrimPrefix(at, "overwrite:")) {
		p.Addf("backup.restore.data %q: must be latest@<any text>, or a point of the output backups, optionally with @<any text>, "+
			"and with overwrite: before it to replace data that is there", at)
	}
	if a.BackupPassword == nil {
		p.Addf("backupPassword <unset>: required with backup.destination")
	}
	if slices.Contains(unmountable, a.ContainerdVersion) {
		p.Addf("containerdVersion %q: cannot mount an image, which a backup takes etcd's tools from; use 2.2.2 or later", a.ContainerdVersion)
	}
	p.dumps(a.Dumps)
}

// minimumPassword is enough where nobody can try passwords but who has the repository.
const minimumPassword = 16

// ValidateBackupPassword returns why a password of the user's own cannot be used. The message never holds it.
func ValidateBackupPassword(password, destination string) []error {
	var p problems
	switch {
	case password == "":
	case destination == "":
		p.Addf("backupPassword <secret>: has no use without backup.destination")
	case utf8.RuneCountInString(password) < minimumPassword:
		p.Addf("backupPassword <secret>: must have at least %d characters, make one with `openssl rand -base64 32`", minimumPassword)
	case strings.ContainsFunc(password, unicode.IsControl) || strings.TrimSpace(password) != password:
		p.Addf("backupPassword <secret>: must be one line, without control characters or blanks around it")
	}
	return p.Found()
}

// unmountable are the versions of containerd whose `ctr images mount` fails.
// https://github.com/containerd/containerd/issues/12549
var unmountable = []string{"2.2.0", "2.2.1"}

func (p *problems) backupDestination(a *Args) {
	b, keyed := a.Backup, a.BackupKey != AccessKey{}
	if keyed && (!accessKey.MatchString(a.BackupKey.ID) || !accessKey.MatchString(a.BackupKey.Secret)) {
		p.Addf("backupKey <secret>: accessKeyId and secretAccessKey must both be set, without blanks")
	}
	if !b.inS3() {
		if !path.IsAbs(b.Destination) || path.Clean(b.Destination) != b.Destination || b.Destination == "/" || !safePath.MatchString(b.Destination) {
			p.Addf("backup.destination %q: must be the plain absolute path of a directory, or s3:https://<endpoint>/<bucket>/<prefix>", b.Destination)
		}
		if keyed {
			p.Addf("backupKey <secret>: has no use with the directory %s", b.Destination)
		}
		return
	}
	place, err := ParseS3(b.Destination)
	switch {
	case err != nil:
		p.Addf("backup.destination %q: %w", b.Destination, err)
	case place.Partition() == "" && !keyed:
		p.Addf("backupKey <unset>: required with %s, which is not AWS and knows no role", place.Endpoint)
	}
}

func (p *problems) dumps(dumps []boundary.Dump) {
	for i, d := range dumps {
		if !dumpName.MatchString(d.Name) {
			p.Addf("dumps[%d].name %q: must be lower-case letters, digits, dots and dashes", i, d.Name)
		}
		for _, field := range dumpFields(d)[1:] {
			if field.Value == "" || strings.ContainsAny(field.Value, "\t\n") {
				p.Addf("dumps[%d].%s %q: must be one line without tabs", i, field.Name, field.Value)
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

// Partition is the part of AWS that the place is in, e.g. aws-cn; empty for storage that is not AWS.
func (s S3) Partition() string {
	switch {
	case strings.HasSuffix(s.Endpoint, ".amazonaws.com.cn"):
		return "aws-cn"
	case !strings.HasSuffix(s.Endpoint, ".amazonaws.com"):
		return ""
	case strings.Contains(s.Endpoint, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
