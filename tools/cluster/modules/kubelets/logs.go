// Copyright (c) 2026 everynode contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const followPause = time.Second

type line struct {
	at   time.Time
	text []byte
}

func (o *objects) serveLogs(answer http.ResponseWriter, request *http.Request) {
	found, name := o.asked(answer, request)
	if found == nil {
		return
	}
	query := request.URL.Query()
	lines, problem := logOf(found, name, query.Get("previous") == "true")
	if problem != "" {
		http.Error(answer, problem, http.StatusBadRequest)
		return
	}
	lines, err := chosen(lines, query)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	answer.Header().Set("Content-Type", "text/plain")
	_, _ = answer.Write(written(lines, query))
	if query.Get("follow") == "true" {
		o.untilOver(request.Context(), answer, found, name)
	}
}

// logOf is a container's log, or why there is none, in a kubelet's words.
func logOf(p *pod, name string, previous bool) ([]line, string) {
	status := p.status(name)
	key, started := "log", time.Time{}
	usual := fmt.Sprintf("%s: starting on %s\n%s: ready\n", name, p.Spec.NodeName, name)
	crashed := fmt.Sprintf("%s: starting on %s\n%s: fatal: a simulated crash\n",
		name, p.Spec.NodeName, name)
	switch {
	case previous && status.RestartCount == 0:
		return nil, fmt.Sprintf(
			"previous terminated container %q in pod %q not found", name, p.Metadata.Name)
	case previous:
		key, usual = "previous-log", crashed
		if status.LastState.Terminated != nil {
			started = status.LastState.Terminated.StartedAt
		}
	case status.State.Running != nil:
		started = status.State.Running.StartedAt
	case status.State.Terminated != nil:
		started = status.State.Terminated.StartedAt
	case status.RestartCount == 0:
		reason := "ContainerCreating"
		if status.State.Waiting != nil {
			reason = status.State.Waiting.Reason
		}
		return nil, fmt.Sprintf("container %q in pod %q is waiting to start: %s",
			name, p.Metadata.Name, reason)
	default:
		// Between two crashes the log is that of the one before.
		usual = crashed
		if status.LastState.Terminated != nil {
			started = status.LastState.Terminated.StartedAt
		}
	}
	value, asked := p.annotation(key, name)
	if !asked {
		value = usual
	}
	content, err := contentOf(p, name, value)
	if err != nil {
		return nil, fmt.Sprintf("failed to open log file: %v", err)
	}
	return timed(content, started), ""
}

// contentOf is an annotation's text with its references replaced, or the file that it names.
func contentOf(p *pod, name, value string) ([]byte, error) {
	if path, isFile := strings.CutPrefix(value, "file:"); isFile {
		return os.ReadFile(path)
	}
	replacer := strings.NewReplacer("$(NODE_NAME)", p.Spec.NodeName,
		"$(POD_NAME)", p.Metadata.Name, "$(CONTAINER_NAME)", name)
	return []byte(replacer.Replace(value)), nil
}

// timed gives each line a time: the first when the container started, one a second, none to come.
func timed(content []byte, started time.Time) []line {
	now := time.Now()
	lines := []line{}
	for number, text := range bytes.SplitAfter(content, []byte("\n")) {
		if len(text) == 0 {
			continue
		}
		at := started.Add(time.Duration(number) * time.Second)
		if at.After(now) {
			at = now
		}
		lines = append(lines, line{at, text})
	}
	return lines
}

// chosen is what is left of the lines by tailLines, sinceSeconds and sinceTime.
func chosen(lines []line, query url.Values) ([]line, error) {
	since := time.Time{}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		since = parsed
	}
	for len(lines) > 0 && lines[0].at.Before(since) {
		lines = lines[1:]
	}
	if text := query.Get("tailLines"); text != "" {
		count, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		lines = lines[max(0, len(lines)-count):]
	}
	return lines, nil
}

// written is what the client gets, cut by limitBytes.
func written(lines []line, query url.Values) []byte {
	content := bytes.Buffer{}
	for _, one := range lines {
		if query.Get("timestamps") == "true" {
			content.WriteString(one.at.UTC().Format(time.RFC3339Nano) + " ")
		}
		content.Write(one.text)
	}
	limit, err := strconv.Atoi(query.Get("limitBytes"))
	if err == nil && limit < content.Len() {
		content.Truncate(limit)
	}
	return content.Bytes()
}

// untilOver returns when the client or the container is gone. Nothing is added to a log meanwhile.
func (o *objects) untilOver(ctx context.Context, answer http.ResponseWriter, p *pod, name string) {
	if flusher, able := answer.(http.Flusher); able {
		flusher.Flush()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(followPause):
		}
		now, err := o.pod(p.Metadata.Namespace, p.Metadata.Name)
		if err == nil && (now == nil || now.Metadata.UID != p.Metadata.UID ||
			now.status(name).RestartCount != p.status(name).RestartCount) {
			return
		}
	}
}
