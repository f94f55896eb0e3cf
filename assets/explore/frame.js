/** The nodes of the Explore tab, in their order; the parts fill them. */

const OMEGA_STEP = 0.005; // radians, of the slider

/** One line of tools above two columns: the disk, and the answer, which a phone shows as a sheet from below, or as one line that brings it up. */
export const EXPLORE_FRAME = `
  <div class="hv-explore">
    <div class="hv-notice" role="status" hidden></div>
    <div class="hv-bar">
      <div class="hv-cone">
        <label for="hv-omega" title="Half-angle ω of the cone: what lies inside it counts as contained">Cone</label>
        <input id="hv-omega" class="hv-omega" type="range" min="0.02" max="3.14" step="${OMEGA_STEP}">
        <output class="hv-omega-value" for="hv-omega"></output>
        <button type="button" class="hv-reset" title="Back to the width found best on held-out pairs (calibrated ω)" aria-label="Calibrated width">↺</button>
      </div>
    </div>
    <div class="hv-error" role="alert" hidden><span></span><button type="button" aria-label="Dismiss">×</button></div>
    <div class="hv-pins" hidden></div>
    <section class="hv-left" aria-label="Poincaré disk">
      <div class="hv-disks"><div class="hv-disk"></div><div class="hv-disk hv-second" hidden></div></div>
    </section>
    <button type="button" class="hv-peek" hidden><img alt=""><b></b><span></span><i aria-hidden="true">▴</i></button>
    <section class="hv-right" aria-label="The selected item">
      <button type="button" class="hv-sheet-close" aria-label="Close"></button>
      <section class="hv-set" aria-label="Found items" hidden></section>
      <div class="hv-item">
        <div class="hv-now"></div>
        <div class="hv-about">
          <div class="hv-caption"></div>
          <div class="hv-tools">
            <button type="button" class="hv-back" disabled aria-label="Back to the previous item">← back</button>
            <label class="hv-upload">Try a picture of yours<input type="file" accept="image/*"></label>
          </div>
          <p class="hv-hint"></p>
        </div>
      </div>
      <div class="hv-lists">
        <div class="hv-list hv-common" hidden><h3></h3><div class="hv-strip"></div></div>
        <div class="hv-list hv-here" hidden><h3></h3><div class="hv-strip"></div></div>
        <div class="hv-list hv-children"></div>
        <div class="hv-list hv-parents"><h3></h3><div class="hv-strip"></div></div>
        <div class="hv-list hv-path"><h3></h3><div class="hv-strip"></div></div>
      </div>
      <div class="hv-sr" aria-live="polite"></div>
    </section>
  </div>`;
