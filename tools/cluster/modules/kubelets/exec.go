// Copyright (c) 2026 everynode contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const (
	idle   = time.Hour
	nobody = 65534
	// For what a command wrote last, to a reader who may be slow.
	lastGap = 30 * time.Second
)

func (o *objects) serveExec(answer http.ResponseWriter, request *http.Request) {
	found, name := o.asked(answer, request)
	if found == nil {
		return
	}
	if found.container(name) == nil || found.status(name).State.Running == nil {
		// The words and the status of a kubelet.
		http.Error(answer, fmt.Sprintf("container not found (%q)", name),
			http.StatusInternalServerError)
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	if options.TTY {
		http.Error(answer, "simulated containers have no terminal", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	remotecommand.ServeExec(
		&watched{answer, cancel},
		request.WithContext(ctx),
		&program{found, name},
		found.Metadata.Name,
		found.Metadata.UID,
		name,
		request.URL.Query()["command"],
		options,
		idle,
		remotecommand.DefaultStreamCreationTimeout,
		remotecommand.SupportedStreamingProtocols,
	)
}

// program runs commands as if they were in a container.
type program struct {
	pod       *pod
	container string
}

// ExecInContainer runs the command on this machine: with the container's variables, in the root
// folder, and where that is possible as nobody. It ends with the client's connection.
func (p *program) ExecInContainer(ctx context.Context, _, _, _ string, words []string,
	in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize,
	_ time.Duration) error {
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Env = p.environment()
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = lastGap
	if out != nil {
		command.Stdout = out
	}
	if errOut != nil {
		command.Stderr = errOut
	}
	if in != nil {
		pipe, err := command.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(pipe, in)
			_ = pipe.Close()
		}()
	}
	if err := command.Start(); err != nil {
		// A container runtime's words.
		var problem *fs.PathError
		if errors.As(err, &problem) {
			err = fmt.Errorf("exec: %q: %w", words[0], problem.Err)
		}
		return fmt.Errorf("OCI runtime exec failed: exec failed: "+
			"unable to start container process: %w", err)
	}
	return exitOf(command.Wait())
}

func (p *program) environment() []string {
	variables := []string{
		"PATH=" + searchPath,
		"HOME=/",
		"HOSTNAME=" + p.pod.Metadata.Name,
		"POD_NAME=" + p.pod.Metadata.Name,
		"POD_NAMESPACE=" + p.pod.Metadata.Namespace,
		"POD_IP=" + p.pod.Status.PodIP,
		"NODE_NAME=" + p.pod.Spec.NodeName,
		"CONTAINER_NAME=" + p.container,
	}
	for _, variable := range p.pod.container(p.container).Env {
		variables = append(variables, variable.Name+"="+variable.Value)
	}
	return variables
}

func exitOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	code := exit.ExitCode()
	if status, known := exit.Sys().(syscall.WaitStatus); known && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return utilexec.CodeExitError{Err: err, Code: code}
}

// watched hands out a connection that tells when it is over.
type watched struct {
	http.ResponseWriter
	over func()
}

func (w *watched) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, able := w.ResponseWriter.(http.Hijacker)
	if !able {
		return nil, nil, errors.New("the connection cannot be taken over")
	}
	connection, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, nil, err
	}
	// Either end may be the one that closes.
	own := &watchedConnection{connection, w.over}
	early, err := buffered.Reader.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReader(io.MultiReader(bytes.NewReader(early), own))
	return own, bufio.NewReadWriter(reader, buffered.Writer), nil
}

type watchedConnection struct {
	net.Conn
	over func()
}

func (c *watchedConnection) Read(into []byte) (int, error) {
	count, err := c.Conn.Read(into)
	if err != nil {
		c.over()
	}
	return count, err
}

func (c *watchedConnection) Close() error {
	c.over()
	return c.Conn.Close()
}
