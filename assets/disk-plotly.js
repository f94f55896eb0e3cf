/** Points through plotly's scattergl: the one WebGL figure of the page. See disk-points.js for what a group is. */
(function () {
  "use strict";
  const hypviz = (window.hypviz = window.hypviz || {});

  class PlotlyPoints {
    /** @param {HTMLElement} element @param {Object} plotly @param {() => void} onLost after the WebGL context was lost */
    constructor(element, plotly, onLost) {
      Object.assign(this, { element, plotly, onLost, fresh: true });
    }

    /** New traces: after a load, a selection, a resize, a change of colours. Not while dragging. */
    async draw(groups, { size, reach, face, opacity }) {
      const axis = () => ({ range: [-reach, reach], visible: false, fixedrange: true });
      const layout = {
        width: size,
        height: size,
        margin: { l: 0, r: 0, t: 0, b: 0 },
        xaxis: axis(),
        yaxis: axis(),
        showlegend: false,
        hovermode: false,
        dragmode: false,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
      };
      const traces = groups.map((group) => ({
        type: "scattergl",
        mode: "markers",
        x: group.x,
        y: group.y,
        opacity: opacity(group),
        marker: { size: group.size, color: group.colour, opacity: 1, line: { width: group.lit ? 0.7 : 0, color: face } },
        hoverinfo: "skip",
      }));
      const sharp = { staticPlot: true, displayModeBar: false, plotGlPixelRatio: Math.max(2, devicePixelRatio || 1) };
      await this.plotly.react(this.element, traces, layout, sharp);
      if (this.fresh) this.element.on("plotly_webglcontextlost", () => this.recover());
      this.fresh = false;
    }

    /**
     * New positions. `restyle` computes every trace anew (40 ms for 5,000 points); the scatter object that it ends in
     * takes 1 ms, so it is called directly where this plotly has it, and `restyle` is the way otherwise.
     */
    push(groups) {
      if (this.update(groups.map(({ flat }) => ({ positions: flat })))) return;
      this.plotly.restyle(this.element, { x: groups.map((group) => group.x), y: groups.map((group) => group.y) });
    }

    /** @returns {boolean} whether it could be done without drawing anew */
    opacity(groups, of) {
      return this.update(groups.map((group) => ({ opacity: of(group) })));
    }

    /** Change options of plotly's scatter object, one per trace, and draw; false where there is none. */
    update(options) {
      const full = this.element._fullLayout;
      const scene = full?._plots?.xy?._scene;
      if (!scene?.scatter2d?.update || !full._glcanvas || scene.count !== options.length) return false;
      scene.scatter2d.update(options);
      full._glcanvas.each((canvas) => canvas.regl?.clear({ color: true, depth: true }));
      scene.draw();
      return true;
    }

    /** The browser took the WebGL context away (sleep, too many pages): start plotly anew. */
    recover() {
      this.destroy();
      return this.onLost();
    }

    destroy() {
      this.plotly.purge(this.element);
      this.fresh = true;
    }
  }

  function hasWebGL() {
    const context = document.createElement("canvas").getContext("webgl");
    context?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts: give this one back
    return Boolean(context);
  }

  Object.assign(hypviz, { PlotlyPoints, hasWebGL });
})();
