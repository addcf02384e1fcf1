# SPDX-License-Identifier: Apache-2.0
"""Launch files and `ros2 launch|run`, in a package made for the test."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import supervised
from rclpy._arguments import Arguments
from rosless_helpers import LOOKALIKES, wait_until
from supervised import LIMIT_S

ROSLESS = Path(__file__).parents[1]
ROS2 = (
    "import importlib, sys, rosless; rosless.activate(); "
    "sys.exit(importlib.import_module('rosless.ros2.' + sys.argv[1]).main(sys.argv[2:]))"
)

SHOW = """#!/usr/bin/env python3
import json, os, sys
files = [open(sys.argv[i + 1]).read() for i, a in enumerate(sys.argv) if a == "--params-file"]
print("SHOW " + json.dumps({"args": sys.argv[1:], "files": files, "python": sys.executable,
                            "X": os.environ.get("X")}))
"""
WAIT = """#!/usr/bin/env python3
import os, signal, subprocess, sys, time
def stop(number, frame):
    os.write(1, b"got %d\\n" % number)  # it may come while print is at work
    if "stubborn" not in sys.argv:
        sys.exit(0)
signal.signal(signal.SIGINT, stop)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, stop)
if "parent" in sys.argv:
    subprocess.Popen(["sleep", "98765"])
print("ready", flush=True)
while True:
    time.sleep(1)
"""
MANAGED = """#!/usr/bin/env python3
import sys
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode

class Managed(LifecycleNode):
    def on_configure(self, state):
        if "broken" in sys.argv:
            raise OSError("no such device")
        return super().on_configure(state)

    def on_activate(self, state):
        print("ready", flush=True)
        return super().on_activate(state)

rclpy.init()
try:
    rclpy.spin(Managed("managed"))
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""
IMPORTS = """
from launch import *
from launch.actions import *
from launch.conditions import *
from launch.event_handlers import *
from launch.events import matches_action
from launch.launch_description_sources import *
from launch.substitutions import *
from launch_ros.actions import *
from launch_ros.parameter_descriptions import *
from launch_ros.substitutions import *
"""
MANAGED_IMPORTS = """
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.events.matchers import matches_node_name
from lifecycle_msgs.msg import Transition

managed = LifecycleNode(package='demo', executable='managed', name='managed', namespace='left',
                        output='screen', respawn=True)
def change(transition_id):
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(managed),
                                       transition_id=transition_id))
"""


class Package:
    """An installed package `demo`: three executables, and the launch files that tests write."""

    def __init__(self, prefix: Path) -> None:
        self.share = prefix / "share" / "demo"
        self.log = prefix / "log"
        self.temporary = prefix / "tmp"
        (self.share / "launch").mkdir(parents=True)
        self.temporary.mkdir()
        marker = prefix / "share/ament_index/resource_index/packages/demo"
        marker.parent.mkdir(parents=True)
        marker.touch()
        for name, text in (("show", SHOW), ("wait", WAIT), ("managed", MANAGED)):
            file = prefix / "lib" / "demo" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROSLESS),
            "AMENT_PREFIX_PATH": str(prefix),
            "ROS_LOG_DIR": str(self.log),
            "TMPDIR": str(self.temporary),
        }

    def write(self, entities: str, name: str = "it.launch.py", before: str = "") -> Path:
        """Write a launch file with these entities; return its path."""
        path = self.share / "launch" / name
        path.write_text(
            f"{IMPORTS}\n{before}\ndef generate_launch_description():\n"
            f"    return LaunchDescription([{entities}])\n"
        )
        return path

    def ros2(self, *words: str) -> subprocess.CompletedProcess:
        return supervised.run([sys.executable, "-c", ROS2, *words], env=self.env)

    def launch(self, entities: str, *words: str, code: int = 0, before: str = "") -> str:
        """Launch these entities; return the output."""
        self.write(entities, before=before)
        done = self.ros2("launch", "demo", "it.launch.py", *words)
        assert done.returncode == code, done.stdout + done.stderr
        assert not done.stderr
        return done.stdout

    def shown(self, entities: str, *words: str) -> list[dict]:
        """Launch these entities; return what the `show` nodes got, by their numbers."""
        lines = re.findall(r"\[[\w.]+-(\d+)\] SHOW (.*)", self.launch(entities, *words))
        return [json.loads(text) for _, text in sorted(lines, key=lambda line: int(line[0]))]

    def start(self, entities: str, *words: str, ready: int, before: str = "") -> subprocess.Popen:
        """Launch in its own process group; return after so many lines that say `ready`."""
        self.write(entities, before=before)
        process = supervised.popen(
            [sys.executable, "-c", ROS2, "launch", "demo", "it.launch.py", *words],
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        lines = ""
        while lines.count("ready\n") < ready:
            line = process.stdout.readline()
            assert line, lines
            lines += line
        self.pids = [int(pid) for pid in re.findall(r"started with pid \[(\d+)\]", lines)]
        return process


def running(pid: int) -> bool:
    """Return whether a process group has a member that is not a zombie."""
    states = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True).stdout
    return any(line.split()[0] == str(pid) and "Z" not in line for line in states.splitlines())


@pytest.fixture
def demo(tmp_path: Path) -> Package:
    return Package(tmp_path)


def node(extra: str = "", executable: str = "show") -> str:
    return f"Node(package='demo', executable='{executable}', output='screen', {extra})"


# Arguments


ARGUMENTS = """
    DeclareLaunchArgument('source', default_value='0', description='A camera.'),
    DeclareLaunchArgument('profile', default_value='face', choices=['face', 'full_body'],
                          description='What to show'),
    DeclareLaunchArgument('copy', default_value=['<', LaunchConfiguration('source'), '>']),
    LogInfo(msg=['source ', LaunchConfiguration('source'), ' copy ', LaunchConfiguration('copy'),
                 ' extra ', LaunchConfiguration('extra', default='none')])"""


def test_arguments_have_defaults_and_can_be_given(demo):
    assert "[INFO] [launch.user]: source 0 copy <0> extra none\n" in demo.launch(ARGUMENTS)
    out = demo.launch(ARGUMENTS, "source:=a", "source:=b", "extra:=c=d:=e")
    assert (
        "source b copy <b> extra c=d:=e\n" in out
    )  # the last one wins; undeclared arguments are allowed


def test_a_value_that_is_no_choice_ends_launch(demo):
    out = demo.launch(ARGUMENTS, "profile:=feet", code=1)
    assert (
        "[ERROR] [launch]: Caught exception in launch (see debug for traceback): Argument "
        '"profile" provided value "feet" is not valid. Valid options are: '
        "['face', 'full_body']"
    ) in out


def test_a_missing_argument_ends_launch(demo):
    out = demo.launch("DeclareLaunchArgument('must', description='D'), " + node(), code=1)
    assert 'Required launch argument "must" (description: "D") was not provided' in out
    assert "process started" not in out


def test_show_args(demo):
    demo.write(ARGUMENTS)
    assert (
        demo.ros2("launch", "demo", "it.launch.py", "--show-args").stdout
        == """\
Arguments (pass arguments as '<name>:=<value>'):

    'source':
        A camera.
        (default: '0')

    'profile':
        What to show. Valid choices are: ['face', 'full_body']
        (default: 'face')

    'copy':
        no description given
        (default: '<' + LaunchConfiguration('source') + '>')
"""
    )


# Launch files, and their errors


def test_a_launch_file_can_be_given_as_a_path(demo):
    path = demo.write("LogInfo(msg=ThisLaunchFileDir())")
    done = demo.ros2("launch", str(path), "a:=b")
    assert done.returncode == 0 and f"[launch.user]: {path.parent}\n" in done.stdout


@pytest.mark.parametrize(
    "words, message",
    [
        (["nope", "it.launch.py"], r"Package 'nope' not found: .* searching: \['.*', '.*'\]"),
        (
            ["demo", "nope.launch.py"],
            r"file 'nope.launch.py' was not found .*/share/demo'; it has: "
            r"it.launch.py",
        ),
        (["demo"], "a launch file of package 'demo' must be given: it has: it.launch.py"),
        (["./nope.launch.py"], "launch file './nope.launch.py' does not exist"),
        (
            ["demo", "it.launch.py", "a=b"],
            r"malformed launch argument 'a=b', expected format "
            "'<name>:=<value>'",
        ),
        (["demo", "it.launch.py", "a:="], "malformed launch argument 'a:=', expected format .*"),
    ],
)
def test_one_line_says_what_is_wrong_with_the_command(demo, words, message):
    demo.write("")
    done = demo.ros2("launch", *words)
    assert done.returncode == 1 and not done.stdout
    assert re.fullmatch(message + "\n", done.stderr)


@pytest.mark.differs(
    "An option of an action that rosless lacks, such as `prefix`",
    "error at the call",
    "`NotImplementedError: rosless has no Node(prefix=...); a full ROS 2 may have it`",
)
@pytest.mark.differs(
    "`ParameterFile(allow_substs=True)`",
    "not there",
    "`NotImplementedError: rosless has no ParameterFile(allow_substs=True); …`",
)
@pytest.mark.parametrize(
    "text, message",
    [
        ("x = 1\nraise KeyError('no camera')", "it.launch.py:2: KeyError: 'no camera'"),
        ("def x(:", "it.launch.py:1: SyntaxError"),
        ("x = 1", "has no function generate_launch_description"),
        (
            "def generate_launch_description(): return [1]",
            r"must return a LaunchDescription, not \[1",
        ),
        (
            "from launch_ros.actions import Node\nNode(executable='x', prefix='gdb')",
            r"it.launch.py:2: NotImplementedError: rosless has no Node\(prefix=...\)",
        ),
        (
            "from launch_ros.actions import ComposableNodeContainer",
            "it.launch.py:1: ImportError: rosless has no launch_ros.actions.ComposableNodeContainer",
        ),
        (
            "from launch.substitutions import Command",
            "rosless has no launch.substitutions.Command",
        ),
        (
            "from launch.conditions import LaunchConfigurationEquals",
            "rosless has no launch.conditions.LaunchConfigurationEquals",
        ),
        (
            "import launch\nlaunch.actions.GroupAction([], forwarding=False)",
            r"it.launch.py:2: NotImplementedError: rosless has no GroupAction\(forwarding=...\)",
        ),
        ("import launch.frontend", "rosless has no module 'launch.frontend'"),
        (
            "from launch_ros.parameter_descriptions import ParameterFile\n"
            "ParameterFile('p.yaml', allow_substs=True)",
            r"it.launch.py:2: .*: rosless has no ParameterFile\(allow_substs=True\)",
        ),
    ],
)
def test_errors_in_launch_files_name_the_place(demo, text, message):
    demo.write("").write_text(text)
    done = demo.ros2("launch", "demo", "it.launch.py")
    assert done.returncode == 1
    assert re.search(r"\[ERROR\] \[launch\]: Caught exception in launch .*" + message, done.stdout)


@pytest.mark.differs(
    "Launch files in XML or YAML",
    "refused: only Python",
    "`rosless reads only launch files in Python (.launch.py); …`",
)
def test_xml_is_refused(demo):
    (demo.share / "launch" / "a.launch.xml").write_text("<launch/>")
    done = demo.ros2("launch", "demo", "a.launch.xml")
    assert done.returncode == 1 and "rosless reads only launch files in Python" in done.stdout


@pytest.mark.differs(
    "`launch_testing`, `launch_testing_ros`",
    'not there; pytest skips a test that begins with `pytest.importorskip("launch_testing")`',
    "`ModuleNotFoundError: No module named 'launch_testing'`",
)
@pytest.mark.parametrize("name", ["launch_testing", "launch_testing_ros"])
def test_launch_testing_is_not_there(name):
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
        importlib.import_module(name)
    with pytest.raises(pytest.skip.Exception):
        pytest.importorskip(name)


# Substitutions and conditions


@pytest.mark.parametrize(
    "substitution, text",
    [
        ("EnvironmentVariable('NOPE', default_value='d')", "d"),
        ("PathJoinSubstitution(['/a', LaunchConfiguration('four'), ['b', 'c']])", "/a/4/bc"),
        (
            "PythonExpression([\"'\", LaunchConfiguration('four'), \"' == '4' and sqrt(4)\"])",
            "2.0",
        ),
        ("EqualsSubstitution('1', '1.0')", "true"),
        ("NotEqualsSubstitution('true', 'True')", "false"),
        ("AndSubstitution('true', NotSubstitution('0'))", "true"),
        ("OrSubstitution('no', 'off')", "false"),
        ("IfElseSubstitution('true', 'a', 'b')", "a"),
        ("[FindPackageShare('demo'), '']", "{prefix}/share/demo"),
        ("FindExecutable(name='sh')", "/bin/sh"),
    ],
)
def test_substitutions(demo, substitution, text):
    out = demo.launch(f"SetLaunchConfiguration('four', '4'), LogInfo(msg={substitution})")
    assert f"{text.format(prefix=demo.share.parents[1])}\n" in out


@pytest.mark.parametrize(
    "substitution, message",
    [
        ("LaunchConfiguration('nope')", "launch configuration 'nope' does not exist"),
        ("EnvironmentVariable('NOPE')", "environment variable 'NOPE' does not exist"),
        ("FindPackageShare('nope')", "package 'nope' not found, searching: ["),
        ("PythonExpression('1 +')", "Python expression '1 +' has no value: SyntaxError"),
        ("NotSubstitution('maybe')", "'maybe' must be one of true, 1, false, 0"),
    ],
)
def test_substitutions_without_a_value_end_launch(demo, substitution, message):
    assert message in demo.launch(f"LogInfo(msg={substitution})", code=1)


def test_conditions(demo):
    conditions = [
        "IfCondition('True')",
        "IfCondition(LaunchConfiguration('zero'))",
        "UnlessCondition('0')",
        "UnlessCondition(LaunchConfiguration('zero'))",
        "IfCondition(EqualsSubstitution(LaunchConfiguration('zero'), '0'))",
    ]
    out = demo.launch(
        "SetLaunchConfiguration('zero', '0'),"
        + ",".join(f"LogInfo(msg='{i} holds', condition={c})" for i, c in enumerate(conditions))
    )
    assert re.findall(r"(\d) holds", out) == ["0", "2", "3", "4"]
    assert "expected one of [true, 1, false, 0] but got 'yes'" in demo.launch(
        "LogInfo(msg='', condition=IfCondition('yes'))", code=1
    )


# Includes, groups and scopes


def test_includes_take_arguments_and_leave_them_set(demo):
    demo.write(
        "DeclareLaunchArgument('a', default_value='own'), "
        "DeclareLaunchArgument('b', default_value='B'), "
        "LogInfo(msg=['in ', LaunchConfiguration('a')])",
        "sub.launch.py",
    )
    include = (
        "IncludeLaunchDescription(PythonLaunchDescriptionSource(PathJoinSubstitution("
        "[FindPackageShare('demo'), 'launch', 'sub.launch.py'])), "
        "launch_arguments={'a': [LaunchConfiguration('x', default='given')]}.items())"
    )
    shown = "LogInfo(msg=['out ', LaunchConfiguration('b', default='unset')])"
    out = demo.launch(f"GroupAction([{include}]), {shown}, {include}, {shown}")
    assert re.findall(r"user\]: (.*)", out) == ["in given", "out unset", "in given", "out B"]
    demo.write(include)
    assert "'a':" in demo.ros2("launch", "demo", "it.launch.py", "-s").stdout


def test_groups_have_scopes(demo):
    shown = (
        "LogInfo(msg=[LaunchConfiguration('a', default='-'), "
        "LaunchConfiguration('b', default='-'), EnvironmentVariable('X')])"
    )
    inside = f"[SetLaunchConfiguration('b', 'B'), SetEnvironmentVariable('X', '2'), {shown}]"
    out = demo.launch(f"""SetLaunchConfiguration('a', 'A'), SetEnvironmentVariable('X', '1'),
        GroupAction({inside}), {shown},
        GroupAction({inside}, scoped=False), {shown}""")
    assert re.findall(r"user\]: (.*)", out) == ["AB2", "A-1", "AB2", "AB2"]


def test_what_runs_later_sees_its_own_scope(demo):
    out = demo.launch(
        "GroupAction([SetLaunchConfiguration('a', 'A'), TimerAction(period=0.05, "
        "actions=[LogInfo(msg=LaunchConfiguration('a'))])])"
    )
    assert "user]: A\n" in out


def test_opaque_functions_return_entities(demo):
    before = """
def pick(context, one, two):
    a = LaunchConfiguration('a').perform(context)
    return [LogInfo(msg=f'{a} {one} {two}')]"""
    out = demo.launch(
        "OpaqueFunction(function=pick, args=[1], kwargs={'two': 2})", "a:=b", before=before
    )
    assert "user]: b 1 2\n" in out


# Nodes


def test_a_node_gets_its_name_arguments_and_remappings(demo):
    (shown,) = demo.shown(
        node(
            "name='camera', namespace='left', arguments=['--fast', LaunchConfiguration('a')],"
            "remappings=[('image', '/image'), ('x', LaunchConfiguration('a'))],"
            "ros_arguments=['--log-level', 'debug'], additional_env={'X': '1'}"
        ),
        "a:=b",
    )
    assert shown["args"] == [
        "--fast",
        "b",
        "--ros-args",
        "--log-level",
        "debug",
        "-r",
        "__node:=camera",
        "-r",
        "__ns:=/left",
        "-r",
        "image:=/image",
        "-r",
        "x:=b",
    ]
    assert shown["X"] == "1" and shown["python"] == sys.executable


def test_groups_set_namespaces_parameters_and_remappings(demo):
    inner, absolute, outside = demo.shown(
        f"""
        GroupAction([PushRosNamespace('house'), PushRosNamespace(LaunchConfiguration('room')),
                     SetParameter('use_sim_time', True), SetRemap('a', 'b'),
                     {node("name='n', namespace='left'")}, {node("namespace='/top'")}]),
        {node()}""",
        "room:=kitchen",
    )
    assert inner["args"][:-1] == [
        "--ros-args",
        "-r",
        "__node:=n",
        "-r",
        "__ns:=/house/kitchen/left",
        "-r",
        "a:=b",
        "--params-file",
    ]
    assert inner["files"] == ["/**:\n  ros__parameters:\n    use_sim_time: true\n"]
    assert "__ns:=/top" in absolute["args"]
    assert outside["args"] == ["--ros-args"]


def test_parameters_are_passed_in_files_in_order(demo):
    config = demo.share / "my.yaml"
    config.write_text("/**: {ros__parameters: {rate: 5}}\n")
    (shown,) = demo.shown(
        node("""name='n', namespace='/', parameters=[
        PathJoinSubstitution([FindPackageShare('demo'), 'my.yaml']),
        {'plain': '0', 'a': {'b': 1.5, 'c': [1, 2.0]}, 'names': ['0', 'true'],
         'source': LaunchConfiguration('s'), 'both': [LaunchConfiguration('s'), '5'],
         'text': ParameterValue(LaunchConfiguration('s'), value_type=str),
         'number': ParameterValue([LaunchConfiguration('s')], value_type=float)}]"""),
        "s:=0",
    )
    assert shown["args"][-4] == "--params-file" and shown["args"][-3] == str(config)
    assert shown["files"] == [
        "/**: {ros__parameters: {rate: 5}}\n",
        """\
/n:
  ros__parameters:
    a.b: 1.5
    a.c:
    - 1.0
    - 2.0
    both: 5
    names:
    - '0'
    - 'true'
    number: 0.0
    plain: '0'
    source: 0
    text: '0'
""",
    ]
    assert not list(demo.temporary.iterdir())  # its own file was deleted


def test_text_that_looks_like_a_number_stays_text(demo, tmp_path):
    def read(text: str) -> dict:
        file = tmp_path / "p.yaml"
        file.write_text(text, encoding="utf-8")
        return Arguments(["x", "--ros-args", "--params-file", str(file)]).parameters("/n")

    texts = {f"text{number}": text for number, text in enumerate(LOOKALIKES)}
    (shown,) = demo.shown(
        f"""Node(package='demo', executable='show', output='screen',
        name='n', namespace='/', parameters=[{{**{texts!r}, 'texts': {list(LOOKALIKES)!r}}}, {{
            'text': ParameterValue(LaunchConfiguration('s'), value_type=str),
            'number': ParameterValue(LaunchConfiguration('s'), value_type=float),
            'meant': LaunchConfiguration('s'), 'word': LaunchConfiguration('w'),
            'date': ParameterValue(LaunchConfiguration('d'), value_type=str)}}])""",
        "s:=1e3",
        "w:=y",
        "d:=2020-13-45",
    )
    first, second = map(read, shown["files"])
    assert first == {**texts, "texts": list(LOOKALIKES)}
    assert second == {
        "text": "1e3",
        "number": 1000.0,
        "meant": 1000.0,
        "word": "y",
        "date": "2020-13-45",
    }


@pytest.mark.parametrize(
    "value, message",
    [
        (
            "LaunchConfiguration('s', default='2020-13-45')",
            "parameter 'p': month must be in 1..12",
        ),
        ("None", "parameter 'p': None must be a bool, int, float or str"),
        ("[]", r"parameter 'p': \[\] must be"),
        ("[1, 'a']", r"parameter 'p': \[1, 'a'\] must be"),
        ("LaunchConfiguration('s', default='{a: 1}')", r"{'a': 1} must be .* value_type=str"),
        (
            "ParameterValue(LaunchConfiguration('s', default='x'), value_type=int)",
            "parameter 'p': 'x' is a str, not a int",
        ),
    ],
)
def test_values_that_are_no_parameters_end_launch(demo, value, message):
    assert re.search(message, demo.launch(node(f"parameters=[{{'p': {value}}}]"), code=1))
    assert not list(demo.temporary.iterdir())


def test_a_node_that_is_not_there(demo):
    out = demo.launch(node(executable="nope"), code=1)
    assert re.search(
        r"executable 'nope' not found .*/lib/demo'; it has: managed, show, "
        "wait\n",
        out,
    )


# Processes


def test_output_has_the_name_of_the_process(demo):
    out = demo.launch(
        "ExecuteProcess(cmd=['printf', 'a\\\\nb'], output='screen'),"
        "ExecuteProcess(cmd=['echo \"$X\"; echo err >&2; exit 3'], shell=True, name='x', "
        "output='screen', env={'X': 'é'}), "
        "ExecuteProcess(cmd=['nosuchprogram'], output='screen')"
    )
    for line in (
        r"\[INFO\] \[printf-1\]: process started with pid \[\d+\]",
        r"\[printf-1\] a",
        r"\[printf-1\] b",
        r"\[INFO\] \[printf-1\]: process has finished cleanly "
        r"\[pid \d+\]",
        r"\[x-2\] é",
        r"\[x-2\] err",
        r"\[ERROR\] \[x-2\]: process has died \[pid \d+, exit code 3, cmd 'echo .*'\]\.",
        r"\[ERROR\] \[nosuchprogram-3\]: process cannot be started: .*",
    ):
        assert re.search(f"^{line}$", out, re.MULTILINE), line


@pytest.mark.parametrize(
    "output, screen, log",
    [
        ("'screen'", "oe", ""),
        ("'log'", "e", "oe"),
        ("'both'", "oe", "oe"),
        ("{'stdout': 'both', 'stderr': 'screen'}", "oe", "o"),
    ],
)
def test_output_goes_to_the_screen_or_the_log(demo, output, screen, log):
    out = demo.launch(
        f"ExecuteProcess(cmd=['sh', '-c', 'echo o-; echo e- >&2'], name='x', output={output})"
    )
    (file,) = demo.log.glob("*/launch.log")
    assert f"All log files can be found below {file.parent}\n" in out
    assert "".join(sorted(re.findall(r"^\[x-1\] (.)-", out, re.MULTILINE), reverse=True)) == screen
    assert "".join(sorted(re.findall(r" \[x-1\] (.)-", file.read_text()), reverse=True)) == log


@pytest.mark.differs(
    "`output='own_log'` and `output='full'`",
    "not there",
    "`output 'own_log' is not among screen, log, both (rosless has no own_log and full)`",
)
@pytest.mark.parametrize("output", ["own_log", "full", "{'stdout': 'own_log'}"])
def test_outputs_that_are_not_there(demo, output):
    given = output if output.startswith("{") else repr(output)
    out = demo.launch(f"ExecuteProcess(cmd=['true'], output={given})", code=1)
    assert "is not among screen, log, both (rosless has no own_log and full)" in out


@pytest.mark.differs(
    "`emulate_tty`", "gives no terminal, but output without buffering and coloured logs"
)
@pytest.mark.parametrize("emulate, coloured", [(True, "1"), (False, None)])
def test_a_terminal_is_only_emulated(demo, emulate, coloured):
    code = (
        "import os, sys; print(sys.stdout.isatty(), sys.stdout.write_through or "
        "os.environ['PYTHONUNBUFFERED'], os.environ.get('RCUTILS_COLORIZED_OUTPUT'))"
    )
    out = demo.launch(
        f"ExecuteProcess(cmd=[{sys.executable!r}, '-c', {code!r}], name='x', output='screen', "
        f"emulate_tty={emulate})"
    )
    assert f"[x-1] False True {coloured}\n" in out


def test_a_process_is_started_again(demo):
    out = demo.launch(
        "ExecuteProcess(cmd=['false'], respawn=True, respawn_delay=0.05, name='x'),"
        "TimerAction(period=0.5, actions=[Shutdown()])"
    )
    assert len(re.findall(r"\[x-1\]: process started", out)) >= 3


def test_a_process_is_started_again_only_so_often(demo):
    out = demo.launch(
        "ExecuteProcess(cmd=['false'], respawn=True, respawn_max_retries=2, name='x')"
    )
    assert len(re.findall(r"\[x-1\]: process started", out)) == 3


def test_a_process_that_was_killed_is_started_again(demo):
    launch = demo.start(node("respawn=True", executable="wait"), ready=1)
    os.kill(demo.pids[0], signal.SIGKILL)
    lines = iter(launch.stdout.readline, "")
    assert any(line == "[wait-1] ready\n" for line in lines)
    launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0
    assert "process has finished cleanly" in out and "process started" not in out


@pytest.mark.parametrize("shutdown", ["", ", TimerAction(period=0.3, actions=[Shutdown()])"])
def test_nothing_waits_for_a_process_that_is_to_start_again(demo, shutdown):
    launch = demo.start(
        "ExecuteProcess(cmd=['echo', 'ready'], respawn=True, respawn_delay=60.0, "
        f"output='screen'){shutdown}",
        ready=1,
    )
    if not shutdown:
        launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0 and "process started" not in out


def test_events_of_processes(demo):
    out = demo.launch(
        """first, RegisterEventHandler(OnProcessExit(target_action=first, on_exit=[
            LogInfo(msg='first is over'),
            ExecuteProcess(cmd=['true'], name='second', on_exit=Shutdown())])),
        RegisterEventHandler(OnProcessStart(on_start=lambda event, context: LogInfo(
            msg=f'started {event.process_name}'))),
        RegisterEventHandler(OnShutdown(on_shutdown=[LogInfo(msg='bye')])),
        ExecuteProcess(cmd=['sleep', '9']), TimerAction(period=9.0, actions=[])""",
        before="first = ExecuteProcess(cmd=['true'], name='first')",
    )
    said = re.findall(r"(?:user|launch)\]: (?!All)(.*)", out)
    assert said == [
        "started first-1",
        "started sleep-2",
        "first is over",
        "started second-3",
        "process[second-3] was required: shutting down launched system",
        "bye",
    ]


def test_what_is_changed_later_stays_changed(demo):
    """As by a counter of restarts in a handler; yet what a group has set stays in it."""
    out = demo.launch(
        """SetLaunchConfiguration('count', '0'), one, two,
        GroupAction([SetLaunchConfiguration('inner', 'seen'),
            RegisterEventHandler(OnProcessExit(target_action=two, on_exit=[
                LogInfo(msg=['inner ', LaunchConfiguration('inner')])]))]),
        RegisterEventHandler(OnProcessExit(on_exit=[OpaqueFunction(function=count)])),
        TimerAction(period=0.1, actions=[SetEnvironmentVariable('ZZ', '1'),
            SetLaunchConfiguration('late', 'yes')]),
        TimerAction(period=2.0, actions=[LogInfo(msg=['late ', LaunchConfiguration('late'),
            ' ', EnvironmentVariable('ZZ'), ' count ', LaunchConfiguration('count')])])""",
        before="""def count(context):
    number = int(context.launch_configurations['count']) + 1
    context.launch_configurations['count'] = str(number)
one, two = ExecuteProcess(cmd=['true']), ExecuteProcess(cmd=['sleep', '0.3'])""",
    )
    said = re.findall(r"user\]: (.*)", out)
    assert said == ["inner seen", "late yes 1 count 2"]


def test_an_error_later_on_ends_everything(demo):
    out = demo.launch(
        "ExecuteProcess(cmd=['sleep', '9']), TimerAction(period=0.1, actions=["
        "LogInfo(msg=LaunchConfiguration('nope'))])",
        code=1,
    )
    assert "launch configuration 'nope' does not exist" in out


# Managed nodes


LIFE = """managed,
    RegisterEventHandler(OnProcessStart(target_action=managed, on_start=[
        change(Transition.TRANSITION_CONFIGURE)])),
    RegisterEventHandler(OnStateTransition(
        target_lifecycle_node=managed, start_state='configuring', goal_state='inactive',
        entities=[change(Transition.TRANSITION_ACTIVATE)])),"""


def test_events_lead_a_managed_node_through_its_life(demo):
    out = demo.launch(
        LIFE
        + """
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=managed, goal_state='active', entities=[
                LogInfo(msg='it is active'), change(Transition.TRANSITION_ACTIVE_SHUTDOWN)])),
        RegisterEventHandler(OnStateTransition(goal_state='finalized', entities=[Shutdown()])),
        """,
        before=MANAGED_IMPORTS,
    )
    assert "[managed-1] ready\n" in out and "user]: it is active\n" in out


@pytest.mark.differs(
    "A managed node that was killed and is started again",
    "gets its transitions as soon as it is back; ROS 2's launch may ask the dead one and wait forever",
)
def test_a_managed_node_that_was_killed_lives_again(demo):
    launch = demo.start(LIFE, ready=1, before=MANAGED_IMPORTS)
    os.kill(demo.pids[0], signal.SIGKILL)
    assert any(line == "[managed-1] ready\n" for line in iter(launch.stdout.readline, ""))
    launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0 and "process has finished cleanly" in out


def test_transitions_one_after_the_other(demo):
    before = (
        MANAGED_IMPORTS
        + """
broken = LifecycleNode(package='demo', executable='managed', name='broken', namespace='',
                       arguments=['broken'])
both = ['left/managed', LaunchConfiguration('second', default='/broken')]
ends = set()
def end(context):
    ends.add(context.locals.event.goal_state)
    return [Shutdown()] if ends >= {'finalized', 'unconfigured'} else None"""
    )
    out = demo.launch(
        """managed, broken,
        LifecycleTransition(lifecycle_node_names=both, transition_ids=[
            Transition.TRANSITION_CONFIGURE, '3', Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_INACTIVE_SHUTDOWN]),
        RegisterEventHandler(OnStateTransition(entities=[OpaqueFunction(function=end)]))
        """,
        before=before,
    )
    assert "[managed-1] ready\n" in out
    assert "Stopping transitions for /broken because 'error occured during transitions'" in out


def test_a_transition_that_is_not_possible(demo):
    out = demo.launch(
        LIFE
        + """
        RegisterEventHandler(OnStateTransition(goal_state='active', entities=[
            change(Transition.TRANSITION_CLEANUP), change(Transition.TRANSITION_DEACTIVATE)])),
        RegisterEventHandler(OnStateTransition(goal_state='deactivating', entities=[Shutdown()]))
        """,
        before=MANAGED_IMPORTS,
    )
    assert (
        "Failed to make transition 'TRANSITION_CLEANUP' for LifecycleNode '/left/managed'" in out
    )


@pytest.mark.differs(
    "`ChangeState` for a node whose process has ended",
    "given up; ROS 2's launch waits",
    "`Abandoning wait for the '/x/change_state' service, since its process has ended.`",
)
def test_nothing_waits_for_a_node_that_never_comes(demo):
    other = (
        "LifecycleNode(package='demo', executable='{}', name='x', namespace='', "
        "output='screen'), EmitEvent(event=ChangeState(lifecycle_node_matcher="
        "matches_node_name('x'), transition_id=Transition.TRANSITION_CONFIGURE))"
    )
    out = demo.launch(other.format("show"), before=MANAGED_IMPORTS)
    assert "Abandoning wait for the '/x/change_state' service, since its process has ended." in out
    launch = demo.start(other.format("wait"), ready=1, before=MANAGED_IMPORTS)
    launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0
    assert "Abandoning wait for the '/x/change_state' service, due to shutdown." in out


@pytest.mark.parametrize(
    "entity, message",
    [
        ("change(99)", "given transition_id of '99', expected one of {TRANSITION_CREATE: 0, "),
        (
            "LifecycleTransition(lifecycle_node_names=['x'], transition_ids=[])",
            "No transition_ids provided.",
        ),
        (
            "LifecycleTransition(lifecycle_node_names=['x'], transition_ids=['on'])",
            "expected integer for lifecycle transition, got 'on'",
        ),
        (
            "LifecycleTransition(lifecycle_node_names=['x'], transition_ids=[8])",
            "8 is not a lifecycle transition that can be requested",
        ),
        (
            "RegisterEventHandler(OnStateTransition(entities=[], target_lifecycle_node='x'))",
            "OnStateTransition requires a 'LifecycleNode' action as the target, not 'x'",
        ),
    ],
)
def test_what_managed_nodes_cannot_be_asked_for(demo, entity, message):
    assert message in demo.launch(entity, code=1, before=MANAGED_IMPORTS)


# The end


@pytest.fixture
def hangup():
    """Set what SIGHUP does to processes started here: the tests may run under nohup."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda action: signal.signal(signal.SIGHUP, action)
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_processes(demo, hangup, number):
    hangup(signal.SIG_DFL)
    launch = demo.start(
        f"{node(executable='wait')}, {node(executable='wait')}, "
        "TimerAction(period=60.0, actions=[])",
        ready=2,
    )
    os.killpg(launch.pid, number)  # like Ctrl-C in a terminal: to the whole process group
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0
    assert out.count(f"got {int(signal.SIGINT)}\n") == 2  # each child gets it once
    assert out.count("process has finished cleanly") == 2
    assert not any(map(running, demo.pids))


def test_nothing_ends_under_nohup_when_the_terminal_closes(demo, hangup):
    hangup(signal.SIG_IGN)
    launch = demo.start(node(executable="wait"), ready=1)
    os.killpg(launch.pid, signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        launch.communicate(timeout=0.5)
    os.killpg(launch.pid, signal.SIGTERM)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0 and "SIGHUP" not in out


def test_a_process_that_ignores_signals_is_killed(demo):
    launch = demo.start(
        node(
            "arguments=['stubborn'], sigterm_timeout=0.3, sigkill_timeout='0.3'", executable="wait"
        ),
        ready=1,
    )
    launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0
    for first, then in (("SIGINT", "SIGTERM"), ("SIGTERM", "SIGKILL")):
        assert f"seconds after receiving '{first}', escalating to '{then}'" in out
    assert "process has died" in out and "exit code -9" in out


def test_more_signals_hurry(demo):
    launch = demo.start(node("arguments=['stubborn']", executable="wait"), ready=1)
    for _ in range(3):
        launch.send_signal(signal.SIGINT)
        time.sleep(0.6)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert "received SIGINT again, not waiting any longer" in out and "exit code -9" in out


@pytest.mark.differs(
    "Processes of a launch", "each leads its own session; what it started ends with it"
)
def test_what_a_process_has_started_ends_with_it(demo):
    launch = demo.start(node("arguments=['parent']", executable="wait"), ready=1)
    launch.send_signal(signal.SIGINT)
    launch.communicate(timeout=LIMIT_S)
    assert not running(demo.pids[0])


@pytest.mark.differs("Processes of a launch that is killed", "end too, on Linux")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_processes_die_with_a_launch_that_is_killed(demo):
    launch = demo.start(node(executable="wait"), ready=1)
    launch.kill()
    launch.communicate(timeout=LIMIT_S)
    wait_until(lambda: not running(demo.pids[0]))  # the system ends them after it


def test_a_launch_file_that_hangs_can_be_interrupted(demo):
    launch = demo.start(
        "OpaqueFunction(function=lambda context: (print('ready', flush=True), "
        "__import__('time').sleep(60)))",
        ready=1,
    )
    launch.send_signal(signal.SIGINT)
    out, _ = launch.communicate(timeout=LIMIT_S)
    assert launch.returncode == 0 and "user interrupted with ctrl-c" in out


# ros2 run


def test_run_becomes_the_executable(demo):
    done = demo.ros2("run", "demo", "show", "-x", "--ros-args", "-p", "a:=1")
    assert json.loads(done.stdout[5:])["args"] == ["-x", "--ros-args", "-p", "a:=1"]
    process = supervised.popen(
        [sys.executable, "-c", ROS2, "run", "demo", "wait"],
        env=demo.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=LIMIT_S)[0] == "got 2\n" and process.returncode == 0


@pytest.mark.differs("`ros2 run --prefix`", "not there", "`rosless has no ros2 run --prefix; …`")
@pytest.mark.parametrize(
    "words, code, message",
    [
        (
            ["demo", "nope"],
            1,
            "No executable found: executable 'nope' .* it has: managed, show, wait",
        ),
        (["nope", "show"], 1, r"Package 'nope' not found: .*searching: \["),
        (["--prefix", "gdb", "demo", "show"], 2, "rosless has no ros2 run --prefix"),
    ],
)
def test_run_says_what_it_did_not_find(demo, words, code, message):
    done = demo.ros2("run", *words)
    assert done.returncode == code and re.match(message, done.stderr)
