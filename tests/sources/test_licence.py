from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlib.sources.licence import HEAD, licence_allowed, licence_of

APACHE = """Licensed to the Apache Software Foundation (ASF) under one or more
contributor license agreements.  See the NOTICE file distributed with
this work for additional information regarding copyright ownership.
The ASF licenses this file to You under the Apache License, Version 2.0
(the "License"); you may not use this file except in compliance with
the License.  You may obtain a copy of the License at

     http://www.apache.org/licenses/LICENSE-2.0
"""
MIT = """Copyright (c) 2010 Jane Doe

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies.
"""
BSD2 = """Copyright (c) 2010, Jane Doe. All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice.
"""
BSD3 = (
    BSD2
    + """3. Neither the name of the copyright holder nor the names of its contributors may
be used to endorse or promote products derived from this software.
"""
)
GNU = """This {what} is free software; you can redistribute it and/or modify it under the terms
of the GNU {family}General Public License as published by the Free Software Foundation; either
version {version} of the License, or (at your option) any later version.

You should have received a copy of the GNU {family}General Public License along with this {what}.
If not, see the licenses at the Free Software Foundation, version of 2007.
"""
OPENJDK = """DO NOT ALTER OR REMOVE COPYRIGHT NOTICES OR THIS FILE HEADER.

This code is free software; you can redistribute it and/or modify it
under the terms of the GNU General Public License version 2 only, as
published by the Free Software Foundation.  Oracle designates this
particular file as subject to the "Classpath" exception as provided
by Oracle in the LICENSE file that accompanied this code.
"""
GLASSFISH = """The contents of this file are subject to the terms of either the GNU
General Public License Version 2 only ("GPL") or the Common Development
and Distribution License("CDDL") (collectively, the "License").  You
may not use this file except in compliance with the License.  You can
obtain a copy of the License at https://glassfish.dev.java.net/public/CDDL+GPL_1_1.html

GPL Classpath Exception:
Oracle designates this particular file as subject to the "Classpath"
exception as provided by Oracle in the GPL Version 2 section of the License.
"""
LOGBACK = """This program and the accompanying materials are dual-licensed under
either the terms of the Eclipse Public License v1.0 as published by
the Eclipse Foundation

  or (per the licensee's choosing)

under the terms of the GNU Lesser General Public License version 2.1
as published by the Free Software Foundation.
"""
JSR166 = """Written by Doug Lea with assistance from members of JCP JSR-166
Expert Group and released to the public domain, as explained at
http://creativecommons.org/publicdomain/zero/1.0/
"""
EPL2 = """This program and the accompanying materials are made available under the
terms of the Eclipse Public License v. 2.0 which is available at
http://www.eclipse.org/legal/epl-2.0.
"""
MPL = """This Source Code Form is subject to the terms of the Mozilla Public
License, v. 2.0. If a copy of the MPL was not distributed with this
file, You can obtain one at https://mozilla.org/MPL/2.0/.
"""
HEADERS = {
    "Apache-2.0": [APACHE, "Apache License 2.0", 'under the Apache License (the "License"), version 2.0'],
    "MIT": [
        MIT,
        "Distributed under the terms of the MIT License.",
        "This code is MIT licensed. See LICENSE.",
    ],
    "BSD-2-Clause": [BSD2, "Use of this source code is governed by the BSD 2-Clause license."],
    "BSD-3-Clause": [BSD3, "Released under the BSD 3-Clause License", "the New BSD License"],
    "EPL-1.0": [
        "are made available under the terms of the Eclipse Public License v1.0\nwhich accompanies this",
        "Eclipse Public License - v 1.0",
    ],
    "EPL-2.0": [EPL2],
    "MPL-2.0": [MPL],
    "GPL-2.0-or-later": [GNU.format(what="program", family="", version="2")],
    "GPL-3.0-or-later": [GNU.format(what="program", family="", version="3")],
    "GPL-2.0-only": ["under the terms of version 2 of the GNU General Public License.\nSee LICENSE"],
    "GPL-2.0-only WITH Classpath-exception-2.0": [OPENJDK],
    "GPL-2.0-or-later WITH Classpath-exception-2.0": [
        GNU.format(what="file", family="", version="2")
        + "Linking this library statically or dynamically with other modules is making a combined work."
    ],
    "LGPL-2.1-or-later": [GNU.format(what="library", family="Lesser ", version="2.1")],
    "LGPL-3.0-or-later": [GNU.format(what="library", family="Lesser ", version="3")],
    "LGPL-2.0-or-later": [GNU.format(what="library", family="Library ", version="2")],
    "CDDL-1.0": [
        "subject to the terms of the Common Development and Distribution License (CDDL) Version 1.0"
    ],
    "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0": [GLASSFISH],
    "EPL-1.0 OR LGPL-2.1-only": [LOGBACK],
    "CC0-1.0": [JSR166],
    "Unlicense": ["This is free and unencumbered software released into the public domain."],
    "LicenseRef-public-domain": ["This class is in the public domain.", "Placed in the public domain"],
    "Apache-2.0 AND BSD-3-Clause": [APACHE + "\nThe sorting below is from another project:\n\n" + BSD3],
}
CASES = [(spdx, text) for spdx, texts in HEADERS.items() for text in texts]
CODE = "package p;\n\nimport java.util.List;\n\npublic class A {}\n"


def written(text, start, line, end):
    return start + "\n".join(line + own for own in text.splitlines()) + end


STYLES = [
    lambda text: written(text, "/*\n", " * ", "\n */\n"),
    lambda text: written(text, "/**\n", " ** ", "\n **/\n"),
    lambda text: written(text, "", "// ", "\n"),
    lambda text: written(text, "/*\r\n", "", "\r\n*/\r\n").replace("\n", "\r\n"),
]


@pytest.mark.parametrize(("spdx", "text"), CASES)
@pytest.mark.parametrize("style", range(len(STYLES)))
def test_known_headers(spdx, text, style):
    header = STYLES[style](text)
    assert licence_of((header + CODE).encode()) == spdx
    # After the package, as some write it.
    assert licence_of(CODE.replace("import", header + "import", 1).encode()) == spdx


@pytest.mark.parametrize(("spdx", "text"), CASES)
def test_strings_of_the_code_are_no_header(spdx, text):
    string = '"' + text.replace('"', "'").replace("\n", '\\n"\n + "') + '"'
    code = CODE.replace("{}", f"{{ String s = {string}; }}")
    assert licence_of(code.encode()) is None
    assert licence_of((STYLES[0](APACHE) + code).encode()) == "Apache-2.0"


@pytest.mark.parametrize(
    ("line", "spdx"),
    [
        ("// SPDX-License-Identifier: MIT", "MIT"),
        ("/* SPDX-License-Identifier: Apache-2.0 */", "Apache-2.0"),
        (
            " * SPDX-License-Identifier: EPL-2.0 OR GPL-2.0-only WITH  Classpath-exception-2.0",
            "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("// SPDX-License-Identifier:(MIT AND  (BSD-2-Clause OR 0BSD))", "(MIT AND (BSD-2-Clause OR 0BSD))"),
    ],
)
def test_an_spdx_line_wins(line, spdx):
    assert licence_of(f"{line}\n{CODE}".encode()) == spdx
    assert licence_of(f"{STYLES[0](GNU)}\n{line}\r\n{CODE}".encode()) == spdx


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/** Copyright 2020 Jane Doe. All rights reserved. */\n",
        "/** See the license. */\n",
        "/** Checks licences of drivers under the law. */\n",
        "/** A public domain name, e.g. com. */\n",
        "/** Licensed under the Apache License. */\n",
        "/** GNU General Public License */\n",
    ],
)
def test_what_states_no_licence(text):
    assert licence_of((text + CODE).encode()) is None


def test_only_the_head_is_looked_at():
    licence = STYLES[0](APACHE).encode()
    assert licence_of(b"//" + b"x" * (HEAD - len(licence) - 3) + b"\n" + licence) == "Apache-2.0"
    assert licence_of(b"//" + b"x" * HEAD + b"\n" + licence) is None


@pytest.mark.parametrize(
    ("licence", "allowed", "verdict"),
    [
        ("GPL-3.0-only", None, True),
        ("MIT", ["MIT"], True),
        ("mit", ["MIT"], True),
        ("MIT", ["Apache-2.0"], False),
        ("MIT", [], False),
        ("unknown", ["MIT"], False),
        ("unknown", ["unknown"], True),
        ("MIT OR GPL-2.0-only", ["MIT"], True),
        ("MIT AND GPL-2.0-only", ["MIT"], False),
        ("MIT AND GPL-2.0-only", ["GPL-2.0-only", "MIT"], True),
        ("A OR B AND C", ["A"], True),
        ("A OR B AND C", ["B"], False),
        ("A OR B AND C", ["C"], False),
        ("(A OR B) AND C", ["A"], False),
        ("(A OR B) AND C", ["B", "C"], True),
        ("A WITH E", ["A"], True),
        ("A WITH E", ["A WITH E"], True),
        ("A", ["A WITH E"], False),
        ("A WITH E AND B", ["A with e", "B"], True),
        ("B OR A WITH E", ["E"], False),
        ("", ["A"], False),
        ("A OR", ["B"], False),
        ("A B", ["A"], False),
        ("(A", ["A"], False),
        ("A)", ["A"], False),
        ("OR A", ["A"], False),
        ("Apache License 2.0", ["Apache License 2.0"], True),
    ],
)
def test_what_is_allowed(licence, allowed, verdict):
    assert licence_allowed(licence, allowed) is verdict


expressions = st.recursive(
    st.sampled_from("ABCD"),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
        lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
    ),
    max_leaves=6,
)


@given(expressions)
def test_expressions_mean_what_python_means(expression):
    for count in range(5):
        for allowed in itertools.combinations("ABCD", count):
            values = {name: name in allowed for name in "ABCD"}
            python = expression.replace("AND", "and").replace("OR", "or")
            assert licence_allowed(expression, allowed) is eval(python, {}, values)
