/** The theme of VitePress with this site's colours. Its fonts are files of the site. */
import { useRoute } from 'vitepress';
import theme from 'vitepress/theme';
import { nextTick, onMounted, watch } from 'vue';
import './style.css';

/** The home page of the theme has no element that says where its content is, as the other pages have. */
function markMain(): void {
  const content = document.querySelector('.VPContent');
  if (content?.querySelector('main')) content.removeAttribute('role');
  else content?.setAttribute('role', 'main');
}

export default {
  extends: theme,
  setup() {
    const route = useRoute();
    onMounted(markMain);
    watch(
      () => route.path,
      () => nextTick(markMain),
    );
  },
};
