"""Holds ONNX files against what their networks must give: onnx_test.py FOLDER.

FOLDER/NAME.onnx must pass ONNX's own checker, its inference of shapes included, and give for the input in
FOLDER/NAME.json the logits that stand there. Debian 12 has no ONNX runtime: the operators stand here in numpy, as their
specification says; GRU is that of the ONNX package.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node.gru import GRU_Helper

TOLERANCE = 1e-4


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def conv(x, w, b=None, *, kernel_shape, strides, dilations, pads, group=1):
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    height = (x.shape[2] - (kernel_shape[0] - 1) * dilations[0] - 1) // strides[0] + 1
    width = (x.shape[3] - (kernel_shape[1] - 1) * dilations[1] - 1) // strides[1] + 1
    into, out = x.shape[1] // group, w.shape[0] // group
    y = np.zeros((1, w.shape[0], height, width))
    for g in range(group):
        for i in range(kernel_shape[0]):
            for j in range(kernel_shape[1]):
                rows = slice(i * dilations[0], i * dilations[0] + (height - 1) * strides[0] + 1, strides[0])
                columns = slice(j * dilations[1], j * dilations[1] + (width - 1) * strides[1] + 1, strides[1])
                part = x[0, g * into:(g + 1) * into, rows, columns]
                y[0, g * out:(g + 1) * out] += np.einsum("oi,ihw->ohw", w[g * out:(g + 1) * out, :, i, j], part)
    return y if b is None else y + b[None, :, None, None]


def gru(x, w, r, b, *, hidden_size, linear_before_reset):
    return GRU_Helper(X=x, W=w, R=r, B=b, linear_before_reset=linear_before_reset).step()


def gemm(a, b, c=0, *, transB=0):
    return a @ (b.T if transB else b) + c


def reshape(x, shape):
    return x.reshape([x.shape[i] if n == 0 else int(n) for i, n in enumerate(shape)])


def slice_of(x, starts, ends, axes):
    parts = [slice(None)] * x.ndim
    for axis, start, end in zip(axes, starts, ends):
        parts[int(axis)] = slice(int(start), int(end))
    return x[tuple(parts)]


OPERATORS = {
    "Add": lambda a, b: a + b,
    "Clip": np.clip,
    "Conv": conv,
    "GRU": gru,
    "Gemm": gemm,
    "HardSigmoid": lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1),
    "Identity": lambda x: x,
    "Mul": lambda a, b: a * b,
    "ReduceMean": lambda x, axes, keepdims: x.mean(axis=tuple(axes), keepdims=bool(keepdims)),
    "Relu": lambda x: np.maximum(x, 0),
    "Reshape": reshape,
    "Sigmoid": sigmoid,
    "Slice": slice_of,
    "Softmax": lambda x, axis: np.exp(x - x.max(axis)) / np.exp(x - x.max(axis)).sum(axis),
    "Split": lambda x, axis: np.split(x, 4, axis),
    "Tanh": np.tanh,
    "Transpose": lambda x, perm: x.transpose(perm),
}


def run(graph, inputs, outer=None):
    values = dict(outer or {})
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        values[tensor.name] = array.astype(np.float64) if array.dtype == np.float32 else array
    values.update(zip([i.name for i in graph.input], inputs))
    for node in graph.node:
        given = [values[name] for name in node.input]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Scan":
            states, steps = given[:-1], given[-1]
            for step in steps:
                states = run(attributes["body"], [*states, step], values)
            result = states
        else:
            result = OPERATORS[node.op_type](*given, **attributes)
        result = result if isinstance(result, (tuple, list)) else [result]
        values.update({name: value for name, value in zip(node.output, result) if name})
    return [values[o.name] for o in graph.output]


def sizes(value):
    return [d.dim_value for d in value.type.tensor_type.shape.dim]


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    expected = json.loads(path.with_suffix(".json").read_text())
    assert [i.name for i in model.graph.input] == ["features"], "inputs"
    assert [o.name for o in model.graph.output] == ["logits", "probabilities"], "outputs"
    notes = {note.key: json.loads(note.value) for note in model.metadata_props if note.key == "labels"}
    assert notes["labels"] == expected["labels"], "labels"
    shape = sizes(model.graph.input[0])
    assert len(shape) == 3 and shape[0] == 1, f"input of shape {shape}"
    logits, probabilities = run(model.graph, [np.array(expected["input"]).reshape(shape)])
    assert list(logits.shape) == sizes(model.graph.output[0]) == [1, len(expected["logits"])], "shape of the logits"
    worst = np.abs(logits[0] - expected["logits"]).max()
    assert worst <= TOLERANCE, f"logits differ by {worst}"
    assert abs(probabilities.sum() - 1) < 1e-9 and probabilities.argmax() == logits.argmax(), "probabilities"
    return {node.op_type for node in model.graph.node}


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.onnx"))
    used, failed = set(), 0
    for path in files:
        try:
            used |= check(path)
        except Exception as error:  # each file is told
            print(f"FAIL: {path.name}: {error!r}", file=sys.stderr)
            failed += 1
    print(f"{len(files)} ONNX files, {failed} failed; operators: {', '.join(sorted(used))}")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
